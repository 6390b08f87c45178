"""What is kept for a time only, and forgotten when it is over: duties of the worker.

Each works through up to `limit` rows and returns how many, so that a caller who commits after
each holds nobody up.
"""

from collections.abc import Collection

from sqlalchemy import and_, delete, exists, or_, select, update
from sqlmodel import Session

from subscribers.among import among
from subscribers.models import (
    CONSENT_RECORD,
    HAPPENING,
    IMPORT_RUN,
    SUBSCRIBER,
    SUBSCRIPTION,
    State,
)

IMPORT = "import"


def forget_consent_ips(session: Session, *, before: float, limit: int) -> int:
    """Take the network address off consents that are older; the consents themselves stay."""
    old = (
        select(CONSENT_RECORD.c.id)
        .where(CONSENT_RECORD.c.ip != "", CONSENT_RECORD.c.at <= before)
        .order_by(CONSENT_RECORD.c.at)
        .limit(limit)
    )
    changed = session.execute(
        update(CONSENT_RECORD)
        .where(CONSENT_RECORD.c.id.in_(old))
        .values(ip="")
        .returning(CONSENT_RECORD.c.id)
    )
    return len(changed.all())


def forget_runs(session: Session, *, before: float, limit: int) -> int:
    """Delete imports that were finished, or given up, before; their consent records stay."""
    runs = IMPORT_RUN.c
    old = (
        select(runs.id)
        .where(or_(runs.finished_at <= before, and_(runs.finished_at.is_(None), runs.started_at <= before)))
        .limit(limit)
    )  # fmt: skip
    gone = session.execute(delete(IMPORT_RUN).where(runs.id.in_(old)).returning(runs.id))
    return len(gone.all())


def end_requests(session: Session, *, before: float, limit: int) -> tuple[int, tuple[int, ...]]:
    """Delete sign-ups that nobody confirmed since; return how many, and who is left with nothing.

    Those readers have no subscription and gave no consent: once the caller has deleted what it
    keeps about them, `drop` takes them away. Pending readers of an import stay: an editor
    brought them.
    """
    old = session.execute(
        select(SUBSCRIPTION.c.subscriber_id, SUBSCRIPTION.c.publication_id)
        .where(
            SUBSCRIPTION.c.state == State.PENDING,
            SUBSCRIPTION.c.created_at <= before,
            SUBSCRIPTION.c.source != IMPORT,
        )
        .order_by(SUBSCRIPTION.c.created_at)
        .limit(limit)
    ).all()
    ids = sorted({row.subscriber_id for row in old})
    _lock(session, ids)
    gone = session.execute(
        delete(SUBSCRIPTION)
        .where(
            among(SUBSCRIPTION.c.subscriber_id, ids),
            SUBSCRIPTION.c.state == State.PENDING,
            SUBSCRIPTION.c.created_at <= before,
            SUBSCRIPTION.c.source != IMPORT,
        )
        .returning(SUBSCRIPTION.c.subscriber_id)
    ).all()
    return len(gone), _with_nothing(session, sorted({row.subscriber_id for row in gone}))


def drop(session: Session, subscriber_ids: Collection[int]) -> None:
    """Delete readers of whom nothing else is kept (`end_requests`)."""
    session.execute(delete(HAPPENING).where(among(HAPPENING.c.subscriber_id, subscriber_ids)))
    session.execute(delete(SUBSCRIBER).where(among(SUBSCRIBER.c.id, subscriber_ids)))


def _lock(session: Session, ids: Collection[int]) -> None:
    """Let a confirmation or another request for the same readers wait, or wait for it."""
    session.execute(
        select(SUBSCRIBER.c.id)
        .where(among(SUBSCRIBER.c.id, ids))
        .order_by(SUBSCRIBER.c.id)
        .with_for_update()
    )


def _with_nothing(session: Session, ids: Collection[int]) -> tuple[int, ...]:
    subscribed = exists().where(SUBSCRIPTION.c.subscriber_id == SUBSCRIBER.c.id)
    agreed = exists().where(CONSENT_RECORD.c.subscriber_id == SUBSCRIBER.c.id)
    found = session.execute(
        select(SUBSCRIBER.c.id).where(among(SUBSCRIBER.c.id, ids), ~subscribed, ~agreed)
    )
    return tuple(found.scalars())
