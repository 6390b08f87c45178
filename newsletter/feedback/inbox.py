"""The inbox: verified requests are stored raw and answered at once; the worker reads them.

A body is read before any transaction, since anybody may send us a mail, and worked through in short
ones, so that sign-ups and other webhooks get through; `done` says how far. What can't be read, or
fails again and again, is set aside with its error: it must not hold up what came after it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Protocol

from sqlalchemy import func
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session, col, select

from newsletter.database import Database
from newsletter.errors import DatabaseError
from newsletter.feedback import refusals, sendgrid
from newsletter.feedback.bounce_policy import ENDS_MAIL, consequence
from newsletter.feedback.brake import bounce_brake
from newsletter.feedback.effects import Aftermath, take_effect
from newsletter.feedback.errors import UnreadableBody
from newsletter.feedback.events import NormalEvent
from newsletter.feedback.lane_news import change_paces
from newsletter.feedback.models import INBOX_ITEM, InboxItem
from newsletter.feedback.returned import reader as returned
from newsletter.one_line import one_line
from subscribers.upsert import insert

log = logging.getLogger(__name__)

EVENTS = 500
"""Most events in one transaction: well under half a second."""
PERSONAL_WEIGHT = 10
"""What ends a reader's mail takes several statements, and counts as so many events."""
MOST_WORDS = 1_000
"""Characters of an error that are kept."""
ITEMS = 100
"""Most requests looked at in one transaction."""
MOST_ATTEMPTS = 5
"""Times that a body is worked through alone while the database fails at it, and at nothing else."""
AWAY = (OperationalError, InterfaceError, DatabaseError)
"""The database's trouble, as a rule, and not the body's: it is tried again."""


class Reader(Protocol):
    """Puts a provider's body into our words; raises UnreadableBody."""

    def __call__(self, body: bytes, *, received_at: float) -> list[NormalEvent]: ...


READERS: Mapping[str, Reader] = {
    sendgrid.PROVIDER: sendgrid.normalise,
    refusals.INBOX: refusals.normalise,
    returned.PROVIDER: returned.normalise,
}


def receive(
    session: Session, provider: str, body: bytes, *, now: float, digest: str | None = None
) -> bool:
    """Store a request that has been verified; everything else waits for the worker.

    Returns False where one of the same `digest` is there already.
    """
    kept = {"provider": provider, "received_at": now, "body": body, "done": 0, "attempts": 0}
    statement = insert(session, INBOX_ITEM).values(kept | {"digest": digest})
    stored = session.execute(statement.on_conflict_do_nothing().returning(INBOX_ITEM.c.id))
    return stored.first() is not None


def pending(session: Session, limit: int) -> Sequence[InboxItem]:
    """The oldest requests that nobody has read yet; another worker may be at them."""
    return session.exec(
        select(InboxItem)
        .where(col(InboxItem.processed_at).is_(None))
        .order_by(col(InboxItem.id))
        .limit(limit)
    ).all()


@dataclass(frozen=True)
class _Read:
    """A stored request, and all that it says; or why it can't be read."""

    id: int
    events: Sequence[NormalEvent] = ()
    error: str | None = None


@dataclass(frozen=True)
class _Done:
    """How much was done, and what it has led to."""

    count: int = 0
    aftermath: Aftermath = field(default_factory=Aftermath)


def work_inbox(database: Database, *, now: float) -> int:
    """Work through up to `EVENTS` events; return how much was done, 0 when nothing waits.

    Raises:
        DatabaseError: the database is away.
    """
    requests = _read_pending(database)
    if not requests:
        return 0
    done = _work_together(database, requests, now)
    with ExitStack() as acts:  # each is tried, whichever fails: the events behind them are stored
        for one in done:
            for act in _following(one.aftermath, now):
                acts.callback(database.transact, act)
    return sum(one.count for one in done)


def _following(aftermath: Aftermath, now: float) -> Iterator[Callable[[Session], object]]:
    """What is to be done now, each in a transaction of its own."""
    for edition_id in sorted(aftermath.bounced):
        yield partial(bounce_brake, edition_id=edition_id, now=now)
    if aftermath.lanes:
        yield partial(change_paces, lanes=aftermath.lanes)


def _read_pending(database: Database) -> list[_Read]:
    """Read as many of the oldest requests as fit into one transaction, while none is open."""
    requests: list[_Read] = []
    with database.reading() as session:
        items = pending(session, ITEMS)
    room = EVENTS
    for item in items:
        if room <= 0:
            break
        read = _read(item)
        requests.append(read)
        room -= sum(map(_weight, read.events[item.done :]))
    return requests


def _read(item: InboxItem) -> _Read:
    assert item.id is not None
    try:
        return _Read(item.id, _reader(item.provider)(item.body, received_at=item.received_at))
    except UnreadableBody as error:
        log.error("webhook %s can't be read: %s", item.id, error)  # noqa: TRY400 - its text says it
        return _Read(item.id, error=str(error))
    except Exception as error:  # whatever a body holds, it must not stop the others
        log.exception("webhook %s can't be read", item.id)
        return _Read(item.id, error=_words(error))


def _work_together(database: Database, requests: Sequence[_Read], now: float) -> list[_Done]:
    try:
        return [database.transact(partial(_work, requests=requests, now=now))]
    except Exception:  # it may lie in one of them, and the others must get on
        log.exception("webhooks can't be worked through together; now one by one")
    return [_work_alone(database, one, now) for one in requests]


def _work(session: Session, *, requests: Sequence[_Read], now: float) -> _Done:
    """Work through what is still waiting of these requests."""
    events: list[NormalEvent] = []
    room, looked_at = EVENTS, 0
    items = _locked(session, [one.id for one in requests])
    if not items:
        return _Done(_done_elsewhere(session, requests))
    for read in requests:
        item = items.get(read.id)
        if room <= 0:
            break
        if item is None:
            continue
        taken = _take(item, read, room, now)
        room -= sum(map(_weight, taken))
        events += taken
        looked_at += 1
    session.flush()
    aftermath = take_effect(session, events, now=now)
    return _Done(looked_at + len(events), aftermath)


def _work_alone(database: Database, read: _Read, now: float) -> _Done:
    """Work through one request; if it fails, set it aside, at once or after some attempts.

    The database may fail because of it (a statement that takes too long): then it can still note
    that it did. Where it is away, that raises DatabaseError, and nothing is held against anybody.
    """
    try:
        return database.transact(partial(_work, requests=[read], now=now))
    except AWAY as error:
        return database.transact(partial(_count_failure, read=read, error=error, now=now))
    except Exception as error:
        log.exception("webhook %s is set aside", read.id)
        return database.transact(partial(_set_aside, read=read, error=error, now=now))


def _count_failure(session: Session, *, read: _Read, error: Exception, now: float) -> _Done:
    for item in _locked(session, [read.id]).values():
        item.attempts += 1
        session.add(item)
        if item.attempts >= MOST_ATTEMPTS:
            log.error("webhook %s is set aside: %s", read.id, error)
            return _set_aside(session, read=read, error=error, now=now)
    return _Done()


def _set_aside(session: Session, *, read: _Read, error: Exception, now: float) -> _Done:
    for item in _locked(session, [read.id]).values():
        item.error, item.processed_at = _words(error), now
        session.add(item)
    return _Done(1)


def _locked(session: Session, ids: Sequence[int]) -> dict[int, InboxItem]:
    """Those that still wait and that no other worker has in hand, by id."""
    items = session.exec(
        select(InboxItem)
        .where(col(InboxItem.id).in_(ids), col(InboxItem.processed_at).is_(None))
        .order_by(col(InboxItem.id))
        .with_for_update(skip_locked=True)
    )
    return {item.id: item for item in items if item.id is not None}


def _done_elsewhere(session: Session, requests: Sequence[_Read]) -> int:
    """How many of them another worker has finished since we read them: there may be more to do."""
    ids = [one.id for one in requests]
    return session.exec(
        select(func.count()).where(
            col(InboxItem.id).in_(ids), col(InboxItem.processed_at).is_not(None)
        )
    ).one()


def _take(item: InboxItem, read: _Read, room: int, now: float) -> list[NormalEvent]:
    """The next events of a request, up to `room`; marks it as read when these are the last."""
    if read.error is not None:
        item.error, item.processed_at = read.error, now
        return []
    waiting = read.events[item.done :]
    before = accumulate(map(_weight, waiting), initial=0)
    taken = [event for event, used in zip(waiting, before, strict=False) if used < room]
    item.done += len(taken)
    if item.done >= len(read.events):
        item.processed_at = now
    return taken


def _weight(event: NormalEvent) -> int:
    return PERSONAL_WEIGHT if consequence(event) in ENDS_MAIL else 1


def _words(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}")[:MOST_WORDS]


def _reader(provider: str) -> Reader:
    if provider not in READERS:
        raise UnreadableBody(f"No provider “{provider}” is known here.")
    return READERS[provider]
