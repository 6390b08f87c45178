"""The inbox: verified requests are stored raw and answered at once; the worker reads them.

A body is worked through in short transactions, so that sign-ups and other webhooks get through;
`done` says how far. What can't be read stays with its error.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Protocol

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, col, select

from newsletter.database import Database
from newsletter.errors import DatabaseError
from newsletter.feedback import refusals, sendgrid
from newsletter.feedback.bounce_policy import ENDS_MAIL, consequence
from newsletter.feedback.brake import bounce_brake
from newsletter.feedback.effects import take_effect
from newsletter.feedback.errors import UnreadableBody
from newsletter.feedback.events import NormalEvent
from newsletter.feedback.models import INBOX_ITEM, InboxItem
from newsletter.feedback.returned import reader as returned
from subscribers.upsert import insert

log = logging.getLogger(__name__)

EVENTS = 500
"""Most events in one transaction: well under half a second."""
PERSONAL_WEIGHT = 10
"""What ends a reader's mail takes several statements, and counts as so many events."""
ITEMS = 100
"""Most requests looked at in one transaction."""
AWAY = (OperationalError, InterfaceError, DatabaseError)
"""The database's trouble, not the body's: it is tried again."""


class Reader(Protocol):
    """Puts a provider's body into our words; raises UnreadableBody."""

    def __call__(self, body: bytes, *, received_at: float) -> list[NormalEvent]: ...


READERS: Mapping[str, Reader] = {
    sendgrid.PROVIDER: sendgrid.normalise,
    refusals.INBOX: refusals.normalise,
    returned.PROVIDER: returned.normalise,
}


def receive(session: Session, provider: str, body: bytes, *, now: float) -> None:
    """Store a request that has been verified; everything else waits for the worker."""
    session.execute(
        insert(session, INBOX_ITEM).values(provider=provider, received_at=now, body=body, done=0)
    )


def pending(session: Session, limit: int) -> Sequence[InboxItem]:
    """The oldest requests that nobody has read or is reading, locked."""
    return session.exec(
        select(InboxItem)
        .where(col(InboxItem.processed_at).is_(None))
        .order_by(col(InboxItem.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def mail_waits(session: Session) -> bool:
    """Whether there is anything to read; asked without taking the write lock."""
    waiting = select(InboxItem.id).where(col(InboxItem.processed_at).is_(None)).limit(1)
    return session.exec(waiting).first() is not None


def work_inbox(database: Database, *, now: float) -> int:
    """Work through up to `EVENTS` events; return how much was done, 0 when nothing waits."""
    with database.reading() as session:
        if not mail_waits(session):
            return 0
    done, bounced = _work_together(database, now)
    for edition_id in sorted(bounced):
        database.transact(partial(bounce_brake, edition_id=edition_id, now=now))
    return done


_Done = tuple[int, frozenset[int]]
"""How much was done, and the editions that got hard bounces."""


def _work_together(database: Database, now: float) -> _Done:
    try:
        return database.transact(lambda session: _work(session, pending(session, ITEMS), now))
    except AWAY:
        raise
    except Exception:  # whatever a body holds, it must not stop the others
        log.exception("a webhook can't be worked through; looking for it")
        return database.transact(lambda session: _work_alone(session, now))


def _work(session: Session, items: Sequence[InboxItem], now: float) -> _Done:
    events: list[NormalEvent] = []
    room, looked_at = EVENTS, 0
    for item in items:
        if room <= 0:
            break
        taken = _take(item, room, now)
        room -= sum(map(_weight, taken))
        events += taken
        looked_at += 1
    session.flush()
    return looked_at + len(events), take_effect(session, events, now=now)


def _work_alone(session: Session, now: float) -> _Done:
    """Work through the oldest request; if it is the one that fails, set it aside."""
    for item in pending(session, 1):
        try:
            with session.begin_nested():
                return _work(session, [item], now)
        except AWAY:
            raise
        except Exception as error:
            log.exception("webhook %s is set aside", item.id)
            item.error, item.processed_at = f"{type(error).__name__}: {error}", now
            return 1, frozenset()
    return 0, frozenset()


def _take(item: InboxItem, room: int, now: float) -> list[NormalEvent]:
    """The next events of a request, up to `room`; marks it as read when these are the last."""
    try:
        events = _reader(item.provider)(item.body, received_at=item.received_at)
    except UnreadableBody as error:
        log.error("webhook %s can't be read: %s", item.id, error)  # noqa: TRY400 - its text says it
        item.error, item.processed_at = str(error), now
        return []
    before = accumulate((_weight(event) for event in events[item.done :]), initial=0)
    taken = [event for event, used in zip(events[item.done :], before, strict=False) if used < room]
    item.done += len(taken)
    if item.done >= len(events):
        item.processed_at = now
    return taken


def _weight(event: NormalEvent) -> int:
    return PERSONAL_WEIGHT if consequence(event) in ENDS_MAIL else 1


def _reader(provider: str) -> Reader:
    if provider not in READERS:
        raise UnreadableBody(f"No provider “{provider}” is known here.")
    return READERS[provider]
