"""Who was certainly sent nothing yet: queued, at a position that no worker has handed off."""

from sqlalchemy import BindParameter, ColumnElement, select
from sqlmodel import Session

from newsletter.dispatch.locks import LockedBatch
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.states import DeliveryState

_HANDED_TO = select(BATCH.c.handed_to).where(BATCH.c.id == DELIVERY.c.batch_id).scalar_subquery()

NOT_HANDED_OFF = (DELIVERY.c.state == DeliveryState.QUEUED) & (DELIVERY.c.position >= _HANDED_TO)
"""Of deliveries, each by the mark of its own batch."""


def not_handed_off(
    batch_id: int | BindParameter[int], handed_to: int | BindParameter[int]
) -> ColumnElement[bool]:
    """Of deliveries, those in one batch whose mark is known, since it is locked."""
    return (
        (DELIVERY.c.batch_id == batch_id)
        & (DELIVERY.c.position >= handed_to)
        & (DELIVERY.c.state == DeliveryState.QUEUED)
    )


def unsent_readers(session: Session, batch: LockedBatch) -> list[int]:
    """Subscriber ids, ascending, of those in a locked batch who were not handed off."""
    return list(
        session.scalars(
            select(DELIVERY.c.subscriber_id)
            .where(not_handed_off(batch.id, batch.handed_to))
            .order_by(DELIVERY.c.subscriber_id)
        )
    )
