"""How far an edition has come: the same data for API, command line and pages."""

from collections import Counter
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from newsletter.database import db_now
from newsletter.dispatch.models import BATCH, DELIVERY, ProviderRate
from newsletter.dispatch.pacing import pause_of, slowness_of
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState

REASONS_SHOWN = 5
"""Of why readers wait, and of what went wrong."""
RATE_SECONDS = 30.0
"""So far back the rate is taken."""
LEAST_SECONDS = 1.0
"""Over less than that a rate says nothing."""
UNDER_WAY = frozenset({EditionState.SENDING, EditionState.PAUSED})
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


class Share(NamedTuple):
    """Deliveries of one lane, provider and state, counted."""

    lane: str
    provider: str
    ready: bool
    """In batches that nobody holds."""
    state: str
    readers: int
    recent: int
    """Accepted lately."""


def shares(session: Session, edition_id: int, *, seconds: float) -> list[Share]:
    """All deliveries of an edition; `recent` are those accepted in the last `seconds`.

    Counted by batch first, which has one lane: the deliveries are gone through once.
    """
    lately = session.execute(select(db_now())).scalar_one() - seconds
    by_batch = (
        select(
            DELIVERY.c.batch_id,
            DELIVERY.c.state,
            func.count().label("count"),
            func.sum(case((DELIVERY.c.accepted_at > lately, 1), else_=0)).label("recent"),
        )
        .where(DELIVERY.c.edition_id == edition_id)
        .group_by(DELIVERY.c.batch_id, DELIVERY.c.state)
        .subquery()
    )
    ready = case((BATCH.c.state == BatchState.READY, 1), else_=0)
    rows = session.execute(
        select(
            BATCH.c.lane,
            BATCH.c.provider,
            ready,
            by_batch.c.state,
            func.sum(by_batch.c.count),
            func.sum(by_batch.c.recent),
        )
        .join_from(by_batch, BATCH, BATCH.c.id == by_batch.c.batch_id)
        .group_by(BATCH.c.lane, BATCH.c.provider, ready, by_batch.c.state)
        .order_by(BATCH.c.lane)
    )
    return [
        Share(lane, provider, bool(is_ready), state, int(count), int(recent))
        for lane, provider, is_ready, state, count, recent in rows
    ]


def count_by_lane(counted: list[Share]) -> dict[str, dict[str, int]]:
    """Recipients' domain group -> a count for every delivery state that occurs in it."""
    lanes: dict[str, dict[str, int]] = {}
    for share in counted:
        states = lanes.setdefault(share.lane, {})
        states[share.state] = states.get(share.state, 0) + share.readers
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


def stranded_readers(counted: list[Share], edition: Edition, provider: str) -> list[dict[str, Any]]:
    """Who waits for another provider than `provider`, which no worker has: shaped like `waiting`.

    Nobody knows since when, and no next try will come: both are None.
    """
    if edition.state not in UNDER_WAY:
        return []
    readers: Counter[str] = Counter()
    for share in counted:
        if share.ready and share.provider != provider and share.state == DeliveryState.QUEUED:
            readers[share.provider] += share.readers
    why = (
        f"the settings name {provider}. To go on with it: newsletter edition reroute {edition.name}"
    )
    return [
        {"provider": other, "why": why, "readers": count, "since": None, "next_try": None}
        for other, count in readers.most_common()
    ]


def waiting(session: Session, edition_id: int, provider: str) -> list[dict[str, Any]]:
    """Why readers wait whom `provider` would not take yet: the reasons that most of them have.

    Each with `provider`, `why`, `readers`, `since` and `next_try` (UTC seconds).
    """
    readers = func.count().label("readers")
    rows = session.execute(
        select(
            BATCH.c.provider,
            BATCH.c.put_off.label("why"),
            readers,
            func.min(BATCH.c.put_off_since).label("since"),
            func.min(BATCH.c.due_at).label("next_try"),
        )
        .join_from(BATCH, DELIVERY, DELIVERY.c.batch_id == BATCH.c.id)
        .where(
            BATCH.c.edition_id == edition_id,
            BATCH.c.state == BatchState.READY,
            BATCH.c.provider == provider,
            BATCH.c.put_off.is_not(None),
            BATCH.c.handed_to == 0,  # what goes out again waits for the provider no more
            DELIVERY.c.state == DeliveryState.QUEUED,
        )
        .group_by(BATCH.c.provider, BATCH.c.put_off)
        .order_by(readers.desc(), BATCH.c.put_off)
        .limit(REASONS_SHOWN)
    )
    return [dict(row) for row in rows.mappings()]


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


def progress(session: Session, edition: Edition, *, provider: str, now: float) -> dict[str, Any]:
    """Status, recipients, a count per delivery state, rate (messages a second) and ETA (seconds).

    `lanes` has the counts by recipients' domain group, `slow_lanes` the groups whose servers put us
    off, with the seconds between two windows, `waiting` why readers wait, `errors` what went wrong
    most. The rate is that of the last half minute, and of an edition that is sent that of the
    whole; there is none otherwise. `provider`: the settings'. `now`: UTC seconds.
    """
    seconds = _rate_seconds(edition, now)
    counted = shares(session, edition.key, seconds=seconds)
    lanes = count_by_lane(counted)
    counts = {
        state.value: sum(lane.get(state, 0) for lane in lanes.values()) for state in DeliveryState
    }
    is_sending = edition.state == EditionState.SENDING
    rate = sum(share.recent for share in counted) / seconds if is_sending else None
    if edition.state == EditionState.SENT:
        rate = mean_rate(session, edition)
    stranded = stranded_readers(counted, edition, provider)
    put_off = waiting(session, edition.key, provider)
    goes_on = not stranded and sum(one["readers"] for one in put_off) < counts["queued"]
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
        "waiting": stranded + put_off,
        "errors": errors(session, edition.key) if any(map(counts.get, WENT_WRONG)) else [],
        "per_second": None if rate is None else round(rate, 1),
        "eta_seconds": (
            round(counts["queued"] / rate, 1) if is_sending and rate and goes_on else None
        ),
    }


def mean_rate(session: Session, edition: Edition) -> float | None:
    """Messages a second from the start to the last that was accepted, pauses included.

    Of the batches that the freeze made: what was put off or sent again, perhaps hours later, says
    nothing of how fast it went; nor does what is only assumed.
    """
    taken, last = session.execute(
        select(func.count(), func.max(DELIVERY.c.accepted_at))
        .join_from(DELIVERY, BATCH, BATCH.c.id == DELIVERY.c.batch_id)
        .where(
            DELIVERY.c.edition_id == edition.key,
            DELIVERY.c.accepted_at.is_not(None),
            DELIVERY.c.assumed.is_(False),
            BATCH.c.chunk >= 0,
        )
    ).one()
    if not taken or edition.started_at is None:
        return None
    return float(taken / max(last - edition.started_at, LEAST_SECONDS))


def _rate_seconds(edition: Edition, now: float) -> float:
    """How far back the rate is taken: not beyond the start, nor beyond the end of a pause."""
    going_since = max(edition.started_at or 0.0, edition.updated_at)
    return min(max(now - going_since, LEAST_SECONDS), RATE_SECONDS)
