"""Addresses that get no mail, whatever they subscribe to.

What lifts a suppression:

| reason       | the reader's fresh confirmation | an editor |
|--------------|---------------------------------|-----------|
| hard_bounce  | yes: they just read our mail    | yes       |
| soft_bounces | yes                             | yes       |
| complaint    | yes: they ask to be back        | no        |
| imported     | yes                             | yes       |
| provider     | yes                             | yes       |
| erased       | yes, as a new reader            | no        |
| manual       | no: an editor's decision stands | yes       |

An import lifts none.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, bindparam, exists, select, text, update
from sqlmodel import Session, col

from subscribers.addresses import KeyedHash, hashed_key
from subscribers.models import (
    SUBSCRIBER,
    SUPPRESSION,
    State,
    Subscription,
    Suppression,
    SuppressionReason,
)
from subscribers.upsert import insert

LIFTED_BY_READER = frozenset(SuppressionReason) - {SuppressionReason.MANUAL}
LIFTED_BY_EDITOR = frozenset(SuppressionReason) - {
    SuppressionReason.COMPLAINT,
    SuppressionReason.ERASED,
}


def suppress(
    session: Session,
    email_key: str,
    reason: SuppressionReason,
    *,
    now: float,
    source: str = "",
    note: str = "",
) -> bool:
    """Send no more to an address; tell whether it is news.

    A live suppression stays as it is, but for a reason that weighs more: a complaint takes the
    place of whatever was there, since an editor may not lift it; an editor's own decision takes
    the place of anything but a complaint, since the reader may not lift it.
    """
    lock_reader(session, email_key)
    live = find_live(session, [email_key])
    if live is not None and not _outweighs(reason, live.reason):
        return False
    if live is not None:
        _lift(live, now=now, by=reason)
        session.flush()
    session.execute(
        insert(session, SUPPRESSION)
        .values(
            email_key=email_key,
            reason=reason,
            source=source,
            note=note,
            created_at=now,
            lifted_by="",
        )
        .on_conflict_do_nothing(index_elements=["email_key"], index_where=text("lifted_at IS NULL"))
    )
    refresh_mailable(session, email_key)
    return live is None


def _outweighs(reason: str, earlier: str) -> bool:
    weights = {SuppressionReason.MANUAL.value: 1, SuppressionReason.COMPLAINT.value: 2}
    return weights.get(reason, 0) > weights.get(earlier, 0)


def lift(session: Session, email_key: str, *, now: float, by: str) -> bool:
    """Let an editor lift a suppression; tell whether there was one that they may lift."""
    return _lift_where(session, [email_key], LIFTED_BY_EDITOR, now=now, by=by)


def lift_by_reader(session: Session, email_key: str, hash_of: KeyedHash, *, now: float) -> bool:
    """Lift what a reader's own confirmation lifts; tell whether mail can reach them now.

    The caller has checked the link from a mail that only the reader can have got.
    """
    keys = [email_key, hashed_key(email_key, hash_of)]
    _lift_where(session, keys, LIFTED_BY_READER, now=now, by="confirmation")
    return find_live(session, keys) is None


def _lift_where(
    session: Session, keys: Sequence[str], reasons: frozenset[str], *, now: float, by: str
) -> bool:
    lock_reader(session, keys[0])
    live = session.scalars(_live(keys)).all()
    liftable = [suppression for suppression in live if suppression.reason in reasons]
    for suppression in liftable:
        _lift(suppression, now=now, by=by)
    refresh_mailable(session, keys[0])
    return bool(liftable)


def _lift(suppression: Suppression, *, now: float, by: str) -> None:
    suppression.lifted_at, suppression.lifted_by = now, by


def find_live(session: Session, keys: Sequence[str]) -> Suppression | None:
    """Find what stands against the keys of one address (its own, and its hash)."""
    return session.scalars(_live(keys)).first()


def live_reasons(session: Session, keys: Sequence[str]) -> Mapping[str, str]:
    """Why mail goes to none of these keys, by key; nothing for those that it may go to."""
    found = session.connection().execute(_LIVE_REASONS, {"keys": list(keys)})
    return {row.email_key: row.reason for row in found}


_LIVE_REASONS = select(SUPPRESSION.c.email_key, SUPPRESSION.c.reason).where(
    SUPPRESSION.c.email_key.in_(bindparam("keys", expanding=True)),
    SUPPRESSION.c.lifted_at.is_(None),
)


def _live(keys: Sequence[str]) -> Select[Suppression]:
    return select(Suppression).where(
        col(Suppression.email_key).in_(keys), col(Suppression.lifted_at).is_(None)
    )


def refresh_mailable(session: Session, email_key: str) -> None:
    """Bring `mailable` of a reader's subscriptions up to date: active, and not suppressed.

    The one place that decides it for a reader; `imports.py` says the same for many at once.
    Every change of a state or a suppression ends here.
    """
    session.flush()
    lock_reader(session, email_key)
    reader = select(SUBSCRIBER.c.id).where(SUBSCRIBER.c.email_key == email_key).scalar_subquery()
    live = exists().where(SUPPRESSION.c.email_key == email_key, SUPPRESSION.c.lifted_at.is_(None))
    should = (col(Subscription.state) == State.ACTIVE) & ~live
    session.execute(
        update(Subscription)
        .where(col(Subscription.subscriber_id) == reader, col(Subscription.mailable) != should)
        .values(mailable=should)
        .execution_options(synchronize_session="fetch")
    )


def lock_reader(session: Session, email_key: str) -> None:
    """Let others wait who change the same reader: first the subscriber, then all that is theirs.

    Without it, on PostgreSQL, a bounce and a confirmation at once each miss the other's row.
    """
    session.execute(
        select(SUBSCRIBER.c.id).where(SUBSCRIBER.c.email_key == email_key).with_for_update()
    )
