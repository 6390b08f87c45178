"""Who gets an edition: each question one statement over the index `ix_subscription_audience`."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlmodel import Session

from subscribers.models import SUBSCRIBER, SUBSCRIPTION, SUPPRESSION, State, Tracking


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


def count(session: Session, publication_id: int) -> int:
    """Count the readers who may get mail."""
    statement = select(func.count()).select_from(SUBSCRIPTION).where(_mailable(publication_id))
    return int(session.execute(statement).scalar_one())


def groups(session: Session, publication_id: int) -> tuple[Group, ...]:
    """Count the readers by tracking and muted topics, from which an edition's variants follow.

    Grouping a million rows takes SQLite more than a second, for it sorts them. So all are counted
    by their tracking, and only those who muted something are grouped, along an index of their own;
    who is left over muted nothing.
    """
    return tuple(
        sorted(_groups(session, publication_id), key=lambda one: (one.tracking, one.muted))
    )


def _groups(session: Session, publication_id: int) -> Iterator[Group]:
    unmuted = _by_tracking(session, publication_id)
    for tracking, muted, readers in session.execute(_picky(publication_id)):
        unmuted[tracking] -= readers
        yield Group(tracking, muted, readers)
    for tracking, readers in unmuted.items():
        if readers > 0:  # somebody may have muted something between the two questions
            yield Group(tracking, "", readers)


def _by_tracking(session: Session, publication_id: int) -> dict[str, int]:
    asked = (Tracking.LINKED, Tracking.OFF)  # the others are left over: a comparison less a row
    counted = select(
        func.count(), *(func.count().filter(SUBSCRIPTION.c.tracking == way.value) for way in asked)
    ).where(_mailable(publication_id))
    everybody, linked, off = session.execute(counted).one()
    return {
        Tracking.LINKED.value: linked,
        Tracking.OFF.value: off,
        Tracking.COUNTED.value: everybody - linked - off,
    }


def _picky(publication_id: int) -> Select[str, str, int]:
    """Those who muted something, in the order of `ix_subscription_muted`."""
    kinds = (SUBSCRIPTION.c.muted, SUBSCRIPTION.c.tracking)
    return (
        select(SUBSCRIPTION.c.tracking, SUBSCRIPTION.c.muted, func.count())
        .where(_mailable(publication_id), SUBSCRIPTION.c.muted != literal_column("''"))
        .group_by(*kinds)
    )


def _mailable(publication_id: int) -> ColumnElement[bool]:
    return and_(SUBSCRIPTION.c.publication_id == publication_id, SUBSCRIPTION.c.mailable == true())


_suppressed = and_(
    SUPPRESSION.c.email_key == SUBSCRIBER.c.email_key, SUPPRESSION.c.lifted_at.is_(None)
)
_reason = case(
    (SUBSCRIBER.c.erased_at.is_not(None), literal(NotMailable.ERASED.value)),
    (SUBSCRIPTION.c.state.is_(None), literal(NotMailable.ERASED.value)),
    (SUPPRESSION.c.id.is_not(None), literal(NotMailable.SUPPRESSED.value)),
    (SUBSCRIPTION.c.state == State.PAUSED, literal(NotMailable.PAUSED.value)),
    (SUBSCRIPTION.c.state != State.ACTIVE, literal(NotMailable.UNSUBSCRIBED.value)),
    else_=null(),
)
STANDING = (
    _reason.label("reason"),
    SUBSCRIBER.c.email,
    SUBSCRIPTION.c.tracking,
    SUBSCRIPTION.c.muted,
)
"""How a reader stands: why not to be mailed after all (NULL: may be), address, wishes.

Asks the suppressions themselves, not the kept flag. To be selected from `beside_standing`.
"""


def beside_standing(rows: FromClause, publication_id: int | BindParameter[int]) -> FromClause:
    """`rows`, which name readers in a column `subscriber_id`, beside what STANDING asks.

    Every row stays, whether or not there still is such a reader.
    """
    reader = rows.c.subscriber_id
    wishes = and_(
        SUBSCRIPTION.c.publication_id == publication_id, SUBSCRIPTION.c.subscriber_id == reader
    )
    return (
        rows.outerjoin(SUBSCRIBER, SUBSCRIBER.c.id == reader)
        .outerjoin(SUBSCRIPTION, wishes)
        .outerjoin(SUPPRESSION, _suppressed)
    )
