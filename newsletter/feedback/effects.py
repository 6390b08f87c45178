"""Events take effect, each once: on people, then on deliveries, then on the tallies."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, update
from sqlmodel import Session

from newsletter.dispatch.models import DELIVERY
from newsletter.feedback.consequences import draw_consequences
from newsletter.feedback.events import DeliveryKey, NormalEvent, store
from newsletter.feedback.placing import place
from newsletter.feedback.settling import settle_deliveries


def take_effect(session: Session, events: Sequence[NormalEvent], *, now: float) -> frozenset[int]:
    """Store events, and let those that are new take effect, in the caller's transaction.

    Returns the editions that got new hard bounces: once this is committed, `bounce_brake` is to
    look at them (it locks the edition, which comes before the deliveries locked here).
    """
    new = store(session, place(session, events))
    draw_consequences(session, new, now=now)
    weights = settle_deliveries(session, new)
    return frozenset(edition_id for edition_id, weight in weights.items() if weight.hard)


def note_departure(session: Session, delivery: DeliveryKey, *, at: float) -> None:
    """Remember that a reader left by the link or header of this mail, for its report.

    To be called after the subscription has ended (reader first, then delivery).
    """
    session.execute(
        update(DELIVERY)
        .where(
            DELIVERY.c.edition_id == delivery.edition_id,
            DELIVERY.c.subscriber_id == delivery.subscriber_id,
        )
        .values(unsubscribed_at=func.coalesce(DELIVERY.c.unsubscribed_at, bindparam("at", at)))
    )
