"""What is kept about one reader, and what happened to them, for editors' tools.

An address stands in no path: those are logged on their way. So a reader is found by a POST, and
known by their number from then on.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from newsletter.accounts import audit
from newsletter.errors import NotFound
from newsletter.privacy.person import whole_timeline
from newsletter.publications import Publication
from newsletter.web.api.answers import instant
from newsletter.web.api.caller import Caller, ReadersTool
from newsletter.web.house import Here, House
from subscribers import person
from subscribers.addresses import parse
from subscribers.errors import UnknownReader
from subscribers.history import Told
from subscribers.models import ConsentRecord, Subscription, Suppression
from subscribers.readers import find_by_key

router = APIRouter(prefix="/subscribers", tags=["subscribers"])

PAGE, LONGEST_PAGE = 50, 500
Slugs = Mapping[int | None, str]
"""Publications' ids and slugs."""


class FindRequest(BaseModel):
    """Whom to look for."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=320)


class SubscriptionAnswer(BaseModel):
    """How a reader stands with one publication."""

    publication: str
    state: str
    tracking: str
    muted: list[str]
    paused_until: dt.datetime | None
    confirmed_at: dt.datetime | None
    ended_at: dt.datetime | None
    end_reason: str
    source: str


class ConsentAnswer(BaseModel):
    """What was agreed to or withdrawn, when, from where, and in which words."""

    publication: str
    kind: str
    granted: bool
    at: dt.datetime
    source: str
    wording: str
    wording_version: str
    ip: str = Field(description="Where the policy keeps it, and for as long.")
    note: str


class SuppressionAnswer(BaseModel):
    """Why the address gets no mail, or got none until `lifted_at`."""

    reason: str
    source: str
    note: str
    created_at: dt.datetime
    lifted_at: dt.datetime | None


class ReaderAnswer(BaseModel):
    """A reader; `id` is theirs for ever. Times are in UTC, lists oldest first."""

    id: int
    email: str
    name: str
    language: str
    time_zone: str
    attributes: dict[str, Any]
    tags: list[str]
    created_at: dt.datetime
    subscriptions: list[SubscriptionAnswer]
    consent: list[ConsentAnswer]
    suppressions: list[SuppressionAnswer]


class EventAnswer(BaseModel):
    """Something that happened. `publication` is null for what concerns all of them."""

    at: dt.datetime
    what: str
    publication: str | None
    source: str
    note: str


class TimelineAnswer(BaseModel):
    """A page of a timeline, newest first; `next` is the `before` of the one after it."""

    events: list[EventAnswer]
    next: str | None


class Before(NamedTuple):
    """Where a page begins: with the last `left` events of the time `at`, then older ones.

    Counted from the old end, so that nothing is told twice whatever happens meanwhile.
    """

    at: float
    left: int

    def __str__(self) -> str:
        return f"{self.at!r}-{self.left}"

    @classmethod
    def parse(cls, text: str) -> "Before":
        """Read what `str` wrote; raises NotFound."""
        at, _, left = text.rpartition("-")
        try:
            return cls(float(at), int(left))
        except ValueError as error:
            raise NotFound(
                f"There is no page before {text!r}: take the last page's `next`."
            ) from error


@router.post("/find")
def find_reader(house: Here, caller: ReadersTool, wanted: FindRequest) -> ReaderAnswer:
    """What is kept about the reader of an address, their consent included.

    404 for an address that nobody reads under; the audit log remembers who looked.
    """

    def work(session: Session) -> ReaderAnswer:
        known = find_by_key(session, parse(wanted.email).key)
        if known is None or known.id is None:
            raise UnknownReader("Nobody with this address is known.")
        _note_look(session, house, caller, known.id)
        return _reader(session, known.id)

    return house.database.transact(work)


@router.get("/{id}/timeline")
def show_timeline(
    house: Here,
    caller: ReadersTool,
    reader: Annotated[int, Path(alias="id", ge=1, le=2**63 - 1, description="As `find` says.")],
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="Most events.")] = PAGE,
    before: Annotated[
        str | None, Query(max_length=60, description="Where to go on: the last page's `next`.")
    ] = None,
) -> TimelineAnswer:
    """Everything that happened to a reader, newest first, a page at a time.

    404 for one that there is not, or who was erased; the audit log remembers who looked.
    """

    def work(session: Session) -> TimelineAnswer:
        told = whole_timeline(session, reader)
        _note_look(session, house, caller, reader)
        start = 0 if before is None else _start(told, Before.parse(before))
        end = start + limit
        slugs = _slugs(session)
        return TimelineAnswer(
            events=[_event(one, slugs) for one in told[start:end]],
            next=str(_page_after(told, end)) if end < len(told) else None,
        )

    return house.database.transact(work)


def _start(told: Sequence[Told], before: Before) -> int:
    """Where the page begins in a timeline that may have grown since."""
    return max(0, sum(one.at >= before.at for one in told) - before.left)


def _page_after(told: Sequence[Told], end: int) -> Before:
    """Where the page goes on that ends at `end`."""
    at = told[end - 1].at
    return Before(at, sum(one.at == at for one in told[end:]))


def _note_look(session: Session, house: House, caller: Caller, reader: int) -> None:
    audit.record(
        session,
        actor=caller.name,
        act="subscriber.look",
        subject=f"subscriber {reader}",
        now=house.now(),
    )


def _slugs(session: Session) -> Slugs:
    return {one.id: one.slug for one in session.exec(select(Publication))}


def _reader(session: Session, subscriber_id: int) -> ReaderAnswer:
    reader, slugs = person.find(session, subscriber_id), _slugs(session)
    return ReaderAnswer(
        **reader.model_dump(include={"id", "name", "language", "time_zone", "attributes", "tags"}),
        email=reader.email or "",
        created_at=instant(reader.created_at),
        subscriptions=[
            _subscription(one, slugs) for one in person.subscriptions(session, subscriber_id)
        ],
        consent=[_consent(one, slugs) for one in person.consents(session, subscriber_id)],
        suppressions=[_suppression(one) for one in person.suppressions(session, reader)],
    )


def _subscription(one: Subscription, slugs: Slugs) -> SubscriptionAnswer:
    return SubscriptionAnswer(
        publication=slugs[one.publication_id],
        state=one.state,
        tracking=one.tracking,
        muted=one.muted.split(),
        paused_until=instant(one.paused_until),
        confirmed_at=instant(one.confirmed_at),
        ended_at=instant(one.ended_at),
        end_reason=one.end_reason,
        source=one.source,
    )


def _consent(one: ConsentRecord, slugs: Slugs) -> ConsentAnswer:
    return ConsentAnswer(
        publication=slugs[one.publication_id],
        at=instant(one.at),
        **one.model_dump(
            include={"kind", "granted", "source", "wording", "wording_version", "ip", "note"}
        ),
    )


def _suppression(one: Suppression) -> SuppressionAnswer:
    return SuppressionAnswer(
        created_at=instant(one.created_at),
        lifted_at=instant(one.lifted_at),
        **one.model_dump(include={"reason", "source", "note"}),
    )


def _event(one: Told, slugs: Slugs) -> EventAnswer:
    return EventAnswer(
        at=instant(one.at),
        what=one.what,
        publication=slugs.get(one.publication_id),
        source=one.source,
        note=one.note,
    )
