"""How far an edition has come: the same data for API, command line and pages."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from newsletter.dispatch.models import DELIVERY
from newsletter.dispatch.states import DeliveryState
from newsletter.editions.models import Edition


def count_states(session: Session, edition_id: int) -> dict[str, int]:
    """A count for every delivery state, zeros included; one statement."""
    rows = session.execute(
        select(DELIVERY.c.state, func.count())
        .where(DELIVERY.c.edition_id == edition_id)
        .group_by(DELIVERY.c.state)
    )
    counts = {state.value: 0 for state in DeliveryState}
    counts.update(dict(rows.all()))
    return counts


def progress(session: Session, edition: Edition, *, now: float) -> dict[str, Any]:
    """Status, recipients, a count per delivery state, rate (messages a second) and ETA (seconds).

    `now`: UTC seconds.
    """
    counts = count_states(session, edition.key)
    settled = edition.recipients - counts["queued"]
    ended = edition.finished_at or now
    elapsed = ended - edition.started_at if edition.started_at else 0.0
    rate = settled / elapsed if elapsed > 0 else 0.0
    return {
        "edition": edition.name,
        "status": edition.state,
        "revision": edition.revision,
        "title": edition.title,
        "scheduled_at": edition.scheduled_at,
        "started_at": edition.started_at,
        "finished_at": edition.finished_at,
        "hold_reason": edition.hold_reason,
        "recipients": edition.recipients,
        **counts,
        "per_second": round(rate, 1),
        "eta_seconds": round(counts["queued"] / rate, 1) if rate and counts["queued"] else None,
    }
