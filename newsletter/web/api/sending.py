"""Approving an edition and sending it: each act commits before it is answered."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.dispatch import control
from newsletter.dispatch.permission import require_permission
from newsletter.editions.approval import Approval, approve
from newsletter.editions.models import Edition
from newsletter.editions.schedule import parse_not_after, parse_start, schedule
from newsletter.one_line import one_line
from newsletter.publications import Publication
from newsletter.web.api.answers import (
    ApprovalAnswer,
    CancelAnswer,
    EditionAnswer,
    ScheduleAnswer,
    WarningAnswer,
)
from newsletter.web.api.caller import Caller, EditionsTool
from newsletter.web.api.edition_path import At, EditionPath, at_both_addresses
from newsletter.web.house import Here, House

Result = TypeVar("Result")

_one = APIRouter()


class SendRequest(BaseModel):
    """When to send. Without `at`: now."""

    model_config = ConfigDict(extra="forbid")

    at: str | None = Field(None, description="Local time to come, such as 2026-11-22T07:00.")
    zone: str | None = Field(None, description="IANA zone; else the publication's.")
    not_after: str | None = Field(None, description="A limit: +6h after the start, or a time.")


class PauseRequest(BaseModel):
    """Why sending should stop for now."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("paused by an editor's tool", max_length=300)


@_one.post("/approve")
def approve_edition(house: Here, caller: EditionsTool, at: At) -> ApprovalAnswer:
    """Bind the caller's word to the present bytes, its warnings accepted.

    422 where the checks found errors.
    """

    def act(session: Session, publication: Publication, edition: Edition) -> Approval:
        return approve(session, edition, publication, house.site, by=caller.name, now=house.now())

    edition, approval = _act(house, caller, at, "edition.approve", act)
    return ApprovalAnswer(
        edition=EditionAnswer.of(edition),
        hash=approval.hash,
        warnings=[WarningAnswer.of(finding) for finding in approval.warnings],
    )


@_one.post("/send")
def send_edition(
    house: Here, caller: EditionsTool, at: At, wanted: Annotated[SendRequest | None, Body()] = None
) -> ScheduleAnswer:
    """Schedule the approved edition, for now or later.

    409 if nobody approved these bytes, for a time that is over, or where real mail would leave
    from a setup that would harm readers.
    """
    wanted = wanted or SendRequest.model_construct()

    def act(session: Session, publication: Publication, edition: Edition) -> bool:
        require_permission(house.settings, publication)
        now = house.now()
        zone = wanted.zone or publication.time_zone
        moment = parse_start(wanted.at, zone, at_once="none", now=now) if wanted.at else None
        start = moment.at if moment else now
        limit = parse_not_after(wanted.not_after, zone, start=start) if wanted.not_after else None
        schedule(session, edition, publication, house.site, at=start, not_after=limit, now=now)
        return moment is not None and moment.ambiguous

    edition, ambiguous = _act(house, caller, at, "edition.send", act)
    return ScheduleAnswer(**EditionAnswer.of(edition).model_dump(), ambiguous=ambiguous)


@_one.post("/pause")
def pause_edition(
    house: Here, caller: EditionsTool, at: At, wanted: Annotated[PauseRequest | None, Body()] = None
) -> EditionAnswer:
    """Hand nothing more to the provider until it is resumed."""
    reason = one_line((wanted or PauseRequest.model_construct()).reason)

    def act(session: Session, _publication: Publication, edition: Edition) -> None:
        control.pause(session, edition.key, reason=reason, now=house.now())

    return EditionAnswer.of(_act(house, caller, at, "edition.pause", act)[0])


@_one.post("/resume")
def resume_edition(house: Here, caller: EditionsTool, at: At) -> EditionAnswer:
    """Go on sending, with the present revision; 409 if it is not approved."""

    def act(session: Session, _publication: Publication, edition: Edition) -> None:
        control.resume(session, edition.key, site=house.site, now=house.now())

    return EditionAnswer.of(_act(house, caller, at, "edition.resume", act)[0])


@_one.post("/cancel")
def cancel_edition(house: Here, caller: EditionsTool, at: At) -> CancelAnswer:
    """End the edition for good; who has it keeps it."""

    def act(session: Session, _publication: Publication, edition: Edition) -> int:
        return control.cancel(session, edition.key, now=house.now())

    edition, withheld = _act(house, caller, at, "edition.cancel", act)
    return CancelAnswer(edition=EditionAnswer.of(edition), withheld=withheld)


def _act(
    house: House,
    caller: Caller,
    at: EditionPath,
    verb: str,
    act: Callable[[Session, Publication, Edition], Result],
) -> tuple[Edition, Result]:
    """Do something to the locked edition, with its entry in the audit log, and commit."""

    def work(session: Session) -> tuple[Edition, Result]:
        publication, edition = at.find(session, house, lock=True)
        result = act(session, publication, edition)
        audit.record(
            session,
            actor=caller.name,
            act=verb,
            subject=f"edition {edition.name}",
            now=house.now(),
            revision=edition.revision,
        )
        return edition, result

    return house.database.transact(work)


router = at_both_addresses(_one)
router.tags = ["sending"]
