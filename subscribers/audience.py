"""Who gets an edition: each question one statement over the index `ix_subscription_audience`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, null, select, true
from sqlmodel import Session

from subscribers.among import among
from subscribers.models import SUBSCRIBER, SUBSCRIPTION, SUPPRESSION, State


class NotMailable(StrEnum):
    """Why a reader who was in an edition's audience gets no mail after all."""

    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who get the same rendering."""

    tracking: str
    muted: str
    """Topic keys, sorted, joined by one space."""
    readers: int


class Standing(NamedTuple):
    """How a reader stands at hand-off."""

    subscriber_id: int
    reason: NotMailable | None
    """None: may be mailed."""
    email: str | None
    tracking: str
    muted: str


def count(session: Session, publication_id: int) -> int:
    """Count the readers who may get mail."""
    statement = select(func.count()).select_from(SUBSCRIPTION).where(_mailable(publication_id))
    return int(session.execute(statement).scalar_one())


def groups(session: Session, publication_id: int) -> tuple[Group, ...]:
    """Count the readers by tracking and muted topics, from which an edition's variants follow."""
    kinds = (SUBSCRIPTION.c.tracking, SUBSCRIPTION.c.muted)
    rows = session.execute(
        select(*kinds, func.count())
        .where(_mailable(publication_id))
        .group_by(*kinds)
        .order_by(*kinds)
    )
    return tuple(Group(tracking, muted, readers) for tracking, muted, readers in rows)


def _mailable(publication_id: int) -> ColumnElement[bool]:
    return and_(SUBSCRIPTION.c.publication_id == publication_id, SUBSCRIPTION.c.mailable == true())


def still_mailable(
    session: Session, publication_id: int, subscriber_ids: Sequence[int]
) -> Mapping[int, Standing]:
    """Look up to 1000 readers of an edition's audience again, right before they are mailed.

    Asks the suppressions themselves, not the kept flag. Every id asked for is answered.
    """
    rows = session.execute(_standing(publication_id).where(among(SUBSCRIBER.c.id, subscriber_ids)))
    found = {row[0]: _as_standing(*row) for row in rows}
    for missing in set(subscriber_ids) - found.keys():
        found[missing] = Standing(missing, NotMailable.ERASED, None, "off", "")
    return found


def _standing(publication_id: int) -> Select[int, str | None, str | None, str, str]:
    suppressed = and_(
        SUPPRESSION.c.email_key == SUBSCRIBER.c.email_key, SUPPRESSION.c.lifted_at.is_(None)
    )
    reason = case(
        (SUBSCRIBER.c.erased_at.is_not(None), literal(NotMailable.ERASED.value)),
        (SUPPRESSION.c.id.is_not(None), literal(NotMailable.SUPPRESSED.value)),
        (SUBSCRIPTION.c.state == State.PAUSED, literal(NotMailable.PAUSED.value)),
        (SUBSCRIPTION.c.state != State.ACTIVE, literal(NotMailable.UNSUBSCRIBED.value)),
        else_=null(),
    )
    return (
        select(
            SUBSCRIBER.c.id,
            reason.label("reason"),
            SUBSCRIBER.c.email,
            SUBSCRIPTION.c.tracking,
            SUBSCRIPTION.c.muted,
        )
        .join(SUBSCRIPTION, SUBSCRIPTION.c.subscriber_id == SUBSCRIBER.c.id)
        .outerjoin(SUPPRESSION, suppressed)
        .where(SUBSCRIPTION.c.publication_id == publication_id)
    )


def _as_standing(
    subscriber_id: int, reason: str | None, email: str | None, tracking: str, muted: str
) -> Standing:
    why = None if reason is None else NotMailable(reason)
    return Standing(subscriber_id, why, email, tracking, muted)
