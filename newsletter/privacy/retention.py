"""What is kept for a time only, by the settings `keep_*`; the worker's housekeeping carries it out.

Every chunk is a transaction of its own, of far less than half a second, so that sign-ups and
webhooks get through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from sqlalchemy import Table, and_, delete, or_, select
from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch.models import NOTICE
from newsletter.feedback.models import EVENT, HIT, INBOX_ITEM
from newsletter.settings import Settings
from subscribers import forgetting
from subscribers.among import among
from subscribers.guard import forget_expired

DAY = 86400.0
CHUNK = 500
WEBHOOKS = 100
"""Webhooks in a chunk: a body may have a megabyte."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long things are kept, in seconds."""

    webhooks: float
    unreadable: float
    events: float
    notices: float
    consent_ips: float
    requests: float
    imports: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            webhooks=settings.keep_webhooks * DAY,
            unreadable=settings.keep_unreadable_webhooks * DAY,
            events=settings.keep_events * DAY,
            notices=settings.keep_notices * DAY,
            consent_ips=settings.keep_consent_ips * DAY,
            requests=settings.keep_requests * DAY,
            imports=settings.keep_imports * DAY,
        )


def forget(database: Database, retention: Retention, *, now: float) -> int:
    """Forget a chunk of each kind whose time is over; return how many rows, 0 when all is done."""
    duties: tuple[Callable[[Session], int], ...] = (
        partial(_webhooks, retention=retention, now=now),
        partial(_events, before=now - retention.events, now=now),
        partial(_notices, before=now - retention.notices),
        partial(_requests, before=now - retention.requests),
        partial(forgetting.forget_consent_ips, before=now - retention.consent_ips, limit=CHUNK),
        partial(forgetting.forget_runs, before=now - retention.imports, limit=CHUNK),
        partial(forget_expired, now=now, limit=CHUNK),
    )
    return sum(database.transact(duty) for duty in duties)


def _webhooks(session: Session, *, retention: Retention, now: float) -> int:
    """Delete requests that were read, and later those that nobody could read."""
    item = INBOX_ITEM.c
    over = or_(
        and_(item.error.is_(None), item.processed_at <= now - retention.webhooks),
        item.processed_at <= now - retention.unreadable,
    )
    ripe = select(item.id).where(over).order_by(item.id).limit(WEBHOOKS)
    return _delete(session, INBOX_ITEM, list(session.execute(ripe).scalars()))


def _events(session: Session, *, before: float, now: float) -> int:
    """Delete old events, looking at the first of the table only: it may have many millions.

    Those that a provider dates in the future are passed over, or they would hide the others.
    """
    oldest = session.execute(
        select(EVENT.c.id, EVENT.c.at).where(EVENT.c.at <= now).order_by(EVENT.c.id).limit(CHUNK)
    ).all()
    return _delete(session, EVENT, [row.id for row in oldest if row.at <= before])


def _notices(session: Session, *, before: float) -> int:
    """Delete small mails that were sent, or given up."""
    notice = NOTICE.c
    over = and_(notice.state.in_(("sent", "failed")), notice.created_at <= before)
    ripe = select(notice.id).where(over).order_by(notice.id).limit(CHUNK)
    return _delete(session, NOTICE, list(session.execute(ripe).scalars()))


def _requests(session: Session, *, before: float) -> int:
    """Delete sign-ups that nobody confirmed, and readers of whom there is nothing else."""
    ended, strangers = forgetting.end_requests(session, before=before, limit=CHUNK)
    for table in (NOTICE, EVENT, HIT):
        session.execute(delete(table).where(among(table.c.subscriber_id, strangers)))
    forgetting.drop(session, strangers)
    return ended


def _delete(session: Session, table: Table, ids: list[int]) -> int:
    session.execute(delete(table).where(among(table.c.id, ids)))
    return len(ids)
