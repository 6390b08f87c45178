"""What the API answers, as models: they make its OpenAPI description, too."""

import datetime as dt
from typing import Annotated, Any, overload

from pydantic import BaseModel, Field

from emails.composer import Finding
from newsletter.editions.models import Edition

Count = Annotated[int, Field(ge=0)]


class ProblemAnswer(BaseModel):
    """Something wrong or odd in an edition file; `line` counts from 1."""

    file: str
    line: int | None
    field: str
    message: str
    code: str


class WarningAnswer(BaseModel):
    """A finding of the checks before approval."""

    code: str
    severity: str
    field: str
    message: str

    @classmethod
    def of(cls, finding: Finding) -> "WarningAnswer":
        return cls(
            code=finding.code,
            severity=finding.severity,
            field=finding.field,
            message=finding.message,
        )


class EditionAnswer(BaseModel):
    """An edition. `name` is DATE, or DATE/SLUG for a second one on a date; times are in UTC."""

    name: str
    date: dt.date
    slug: str
    number: int | None
    title: str
    status: str
    revision: int
    approved_by: str | None
    approved_at: dt.datetime | None
    scheduled_at: dt.datetime | None
    not_after: dt.datetime | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    hold_reason: str | None
    recipients: Count

    @classmethod
    def of(cls, edition: Edition) -> "EditionAnswer":
        return cls(
            name=edition.name,
            date=edition.date,
            slug=edition.slug,
            number=edition.number,
            title=edition.title,
            status=edition.state,
            revision=edition.revision,
            approved_by=edition.approved_by,
            approved_at=instant(edition.approved_at),
            scheduled_at=instant(edition.scheduled_at),
            not_after=instant(edition.not_after),
            started_at=instant(edition.started_at),
            finished_at=instant(edition.finished_at),
            hold_reason=edition.hold_reason,
            recipients=edition.recipients,
        )


class WaitAnswer(BaseModel):
    """Why some readers wait: what the provider said, since when, and when it is asked again.

    Without times: they wait for another provider than the settings name, until somebody acts.
    """

    provider: str
    why: str
    readers: Count
    since: dt.datetime | None
    next_try: dt.datetime | None


class ErrorAnswer(BaseModel):
    """How many deliveries ended so (refused, failed, unsure, bounced) for one reason."""

    state: str
    reason: str
    count: Count


class ProgressAnswer(EditionAnswer):
    """An edition and how far it has come: a count for every delivery state, zeros included."""

    queued: Count
    accepted: Count
    delivered: Count
    deferred: Count
    bounced: Count
    complained: Count
    refused: Count
    failed: Count
    expired: Count
    excluded: Count
    unsure: Count
    cancelled: Count
    lanes: dict[str, dict[str, Count]]
    slow_lanes: dict[str, float]
    waiting: list[WaitAnswer]
    errors: list[ErrorAnswer]
    per_second: float | None
    eta_seconds: float | None

    @classmethod
    def with_progress(cls, edition: Edition, progress: dict[str, Any]) -> "ProgressAnswer":
        counts = {name: progress[name] for name in cls.model_fields.keys() & progress.keys()}
        return cls(**{**counts, **EditionAnswer.of(edition).model_dump()})


class ImportAnswer(BaseModel):
    """What storing a file did; `voided` says that an approval was lost by it."""

    edition: EditionAnswer
    created: bool
    changed: bool
    voided: bool
    warnings: list[ProblemAnswer]


class ApprovalAnswer(BaseModel):
    """An approval and the warnings that the caller accepted with it."""

    edition: EditionAnswer
    hash: str
    warnings: list[WarningAnswer]


class ScheduleAnswer(EditionAnswer):
    """A scheduled edition; `ambiguous`: the clock shows that time twice, and the first is taken."""

    ambiguous: bool


class CancelAnswer(BaseModel):
    """A cancelled edition, and how many readers won't get it any more."""

    edition: EditionAnswer
    withheld: Count


@overload
def instant(seconds: float) -> dt.datetime: ...
@overload
def instant(seconds: None) -> None: ...
@overload
def instant(seconds: float | None) -> dt.datetime | None: ...
def instant(seconds: float | None) -> dt.datetime | None:
    """A stored time as answers have it, in UTC."""
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)
