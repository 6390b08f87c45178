"""How far an edition has come: the same data for API, command line and pages."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from newsletter.database import db_now
from newsletter.dispatch.models import BATCH, DELIVERY, ProviderRate
from newsletter.dispatch.pacing import pause_of, slowness_of
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.editions.models import Edition

REASONS_SHOWN = 5
"""Of why readers wait, and of what went wrong."""
WENT_WRONG = (
    DeliveryState.REFUSED,
    DeliveryState.FAILED,
    DeliveryState.UNSURE,
    DeliveryState.BOUNCED,
)


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


def count_by_lane(session: Session, edition_id: int) -> dict[str, dict[str, int]]:
    """Recipients' domain group -> a count for every delivery state that occurs in it.

    Counted by batch first, which has one lane: the deliveries are gone through once.
    """
    by_batch = (
        select(DELIVERY.c.batch_id, DELIVERY.c.state, func.count().label("count"))
        .where(DELIVERY.c.edition_id == edition_id)
        .group_by(DELIVERY.c.batch_id, DELIVERY.c.state)
        .subquery()
    )
    rows = session.execute(
        select(BATCH.c.lane, by_batch.c.state, func.sum(by_batch.c.count))
        .join_from(by_batch, BATCH, BATCH.c.id == by_batch.c.batch_id)
        .group_by(BATCH.c.lane, by_batch.c.state)
        .order_by(BATCH.c.lane)
    )
    lanes: dict[str, dict[str, int]] = {}
    for lane, state, count in rows:
        lanes.setdefault(lane, {})[state] = int(count)
    return lanes


def slow_lanes(session: Session) -> dict[str, float]:
    """Lane -> seconds between two windows, of those that are slowed down with any provider."""
    rows = session.execute(
        select(ProviderRate, db_now())
        .where(col(ProviderRate.slowness) > 0)
        .order_by(col(ProviderRate.lane))
    )
    pauses: dict[str, float] = {}
    for rate, now in rows:
        if steps := slowness_of(rate, now):
            pauses[rate.lane] = max(pauses.get(rate.lane, 0.0), pause_of(steps))
    return pauses


def waiting(session: Session, edition_id: int) -> list[dict[str, Any]]:
    """Why readers wait whom a provider would not take yet: the reasons that most of them have.

    Each with `provider`, `why`, `readers`, `since` and `next_try` (UTC seconds).
    """
    readers = func.sum(BATCH.c.size).label("readers")
    rows = session.execute(
        select(
            BATCH.c.provider,
            BATCH.c.put_off.label("why"),
            readers,
            func.min(BATCH.c.put_off_since).label("since"),
            func.min(BATCH.c.due_at).label("next_try"),
        )
        .where(
            BATCH.c.edition_id == edition_id,
            BATCH.c.state == BatchState.READY,
            BATCH.c.put_off.is_not(None),
        )
        .group_by(BATCH.c.provider, BATCH.c.put_off)
        .order_by(readers.desc(), BATCH.c.put_off)
        .limit(REASONS_SHOWN)
    )
    return [{**row, "readers": int(row["readers"])} for row in rows.mappings()]


def errors(session: Session, edition_id: int) -> list[dict[str, Any]]:
    """What went wrong most: `state`, `reason` (a code or the provider's words) and `count`."""
    count = func.count().label("count")
    rows = session.execute(
        select(DELIVERY.c.state, DELIVERY.c.reason, count)
        .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.state.in_(WENT_WRONG))
        .group_by(DELIVERY.c.state, DELIVERY.c.reason)
        .order_by(count.desc(), DELIVERY.c.state, DELIVERY.c.reason)
        .limit(REASONS_SHOWN)
    )
    return [{**row, "reason": row["reason"] or ""} for row in rows.mappings()]


def progress(session: Session, edition: Edition, *, now: float) -> dict[str, Any]:
    """Status, recipients, a count per delivery state, rate (messages a second) and ETA (seconds).

    `lanes` has the counts by recipients' domain group, `slow_lanes` the groups whose servers put us
    off, with the seconds between two windows, `waiting` why readers wait, `errors` what went wrong
    most. `now`: UTC seconds.
    """
    lanes = count_by_lane(session, edition.key)
    counts = {
        state.value: sum(lane.get(state, 0) for lane in lanes.values()) for state in DeliveryState
    }
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
        "lanes": lanes,
        "slow_lanes": slow_lanes(session),
        "waiting": waiting(session, edition.key),
        "errors": errors(session, edition.key) if any(map(counts.get, WENT_WRONG)) else [],
        "per_second": round(rate, 1),
        "eta_seconds": round(counts["queued"] / rate, 1) if rate and counts["queued"] else None,
    }
