"""Events take effect, each once: on people, then on deliveries, then on what is counted."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, update
from sqlmodel import Session

from newsletter.dispatch.models import DELIVERY
from newsletter.feedback.consequences import draw_consequences
from newsletter.feedback.events import DeliveryKey, NormalEvent, store
from newsletter.feedback.lane_news import LaneKey, Tidings
from newsletter.feedback.placing import place
from newsletter.feedback.settling import settle_deliveries


class Aftermath(NamedTuple):
    """What is to be looked at once events have taken effect, each in a transaction of its own.

    It locks what comes before the rows that the events have locked.
    """

    bounced: frozenset[int] = frozenset()
    """Editions that got new hard bounces: `bounce_brake`."""
    lanes: frozenset[LaneKey] = frozenset()
    """Lanes whose servers put us off, or don't any more: `change_paces`."""


def take_effect(session: Session, events: Sequence[NormalEvent], *, now: float) -> Aftermath:
    """Store events, and let those that are new take effect, in the caller's transaction."""
    new = store(session, place(session, events))
    draw_consequences(session, new, now=now)
    tidings = Tidings.begin(session, now=now)
    weights = settle_deliveries(session, new, tidings)
    bounced = frozenset(edition_id for edition_id, weight in weights.items() if weight.hard)
    return Aftermath(bounced, tidings.keep(session))


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
