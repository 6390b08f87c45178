"""Pacing: one rate per provider and one per lane, shared by every worker through a few rows.

The generic cell rate algorithm (ITU-T I.371 Annex A): a single number, the theoretical arrival
time of the next message, moves on by 1/rate for each message reserved. Notices have a row of
their own, so that a large edition never holds a confirmation up. A lane that is being slowed down
(lanes.py) waits longer between its windows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sqlmodel import Session, col, select

from newsletter.database import db_now
from newsletter.dispatch.models import PROVIDER_RATE, ProviderRate
from newsletter.settings import Settings
from subscribers.upsert import insert

ALL_LANES = "all"
NOTICES = "notices"
BURST_SECONDS = 0.25
"""How far reservations may run ahead of the clock."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 640.0
"""Seconds between two windows of a lane that was slowed down once, and most of them."""
NOTICES_SHARE = 0.1
"""The part of the provider's rate that is kept for notices."""
FURTHEST = 2 * LONGEST_PAUSE
"""Seconds ahead: nobody reserves so far; then the database's clock was set back, and none waits."""
SLOWEST = 8
"""Steps by which a lane can be slowed down; each doubles the pause."""
STEP_SECONDS = 900.0
"""After so long a step is forgotten: what a server put off in the morning says little at noon."""


class Turn(NamedTuple):
    """How long a window must wait, in seconds: for the provider as a whole, and for its lane."""

    wait: float = 0.0
    lane_wait: float = 0.0


@dataclass(frozen=True)
class Pace:
    """Messages a second, for the provider and by lane; 0, or no word of a lane, is no limit."""

    rate: float
    lanes: Mapping[str, float] = field(default_factory=dict)

    def window(self, most: int, lane: str) -> int:
        """Most messages in a window: what may be in doubt is at most a second's worth."""
        rates = [rate for rate in (self.rate, self.lanes.get(lane, 0.0)) if rate > 0]
        return max(1, min(most, *map(int, rates))) if rates else most

    def reserve(self, session: Session, provider: str, lane: str, count: int) -> float:
        """Reserve `count` messages; return seconds to wait, having reserved nothing, or 0.

        The row is locked until the caller commits: reservations of all workers queue up here.
        """
        if self.rate <= 0:
            return 0.0
        row = locked_rates(session, provider, [lane])[lane]
        now = session.exec(select(db_now())).one()
        early = _early(row, now)
        if early > 0:
            return early
        row.arrival = arrival_of(row, now) + count / self.rate
        session.add(row)
        return 0.0

    def take_turn(
        self, session: Session, provider: str, lane: str, count: int, *, slow: bool
    ) -> Turn:
        """Reserve `count` messages of a lane, or nothing where provider or lane has to wait.

        `slow`: the lane was slowed down, by a look at its row that may be a little old.
        """
        cap = self.lanes.get(lane, 0.0)
        if not cap and not slow:
            return Turn(wait=self.reserve(session, provider, ALL_LANES, count))
        rates = locked_rates(session, provider, [ALL_LANES, lane])
        now = session.exec(select(db_now())).one()
        turn = Turn(*(max(_early(rates[one], now), 0.0) for one in (ALL_LANES, lane)))
        if turn.wait > 0 or turn.lane_wait > 0:
            return turn
        steps = {
            ALL_LANES: count / self.rate if self.rate > 0 else 0.0,
            lane: max(count / cap if cap else 0.0, pause_of(slowness_of(rates[lane], now))),
        }
        for one, step in steps.items():
            rates[one].arrival = arrival_of(rates[one], now) + step
            session.add(rates[one])
        return turn


class Slowed(Protocol):
    """A lane's row, or what of it says how slow it is."""

    @property
    def slowness(self) -> int: ...

    @property
    def slowed_at(self) -> float: ...


def editions_pace(settings: Settings) -> Pace:
    """What is left of the provider's rate, and the lanes' own rates."""
    lanes = {str(lane): rate for lane, rate in settings.lane_rates.items()}
    return Pace(settings.send_rate - notices_rate(settings), lanes)


def notices_rate(settings: Settings) -> float:
    """Messages a second kept for notices; 0 where there is no limit."""
    return settings.send_rate * NOTICES_SHARE


def slowness_of(rate: Slowed, now: float) -> int:
    """By how many steps a lane is slowed down by now: one wears off each `STEP_SECONDS`."""
    return max(rate.slowness - int((now - rate.slowed_at) // STEP_SECONDS), 0)


def arrival_of(rate: ProviderRate, now: float) -> float:
    """When the next message may come, by the database's clock: `now` at the earliest."""
    return rate.arrival if now < rate.arrival < now + FURTHEST else now


def pause_of(slowness: int) -> float:
    """Seconds between two windows of a lane that was slowed down so many times."""
    return min(FIRST_PAUSE * 2 ** (slowness - 1), LONGEST_PAUSE) if slowness else 0.0


def locked_rates(session: Session, provider: str, lanes: list[str]) -> dict[str, ProviderRate]:
    """The rows of these lanes, made where missing and locked in the order of their names.

    ALL_LANES comes first of all: whoever needs several takes it too, and so nobody waits in a ring.
    """
    for lane in sorted(lanes):
        session.execute(
            insert(session, PROVIDER_RATE)
            .values(provider=provider, lane=lane, arrival=0.0, slowness=0, slowed_at=0.0)
            .on_conflict_do_nothing()
        )
    rows = session.exec(
        select(ProviderRate)
        .where(ProviderRate.provider == provider, col(ProviderRate.lane).in_(lanes))
        .order_by(col(ProviderRate.lane))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.lane: row for row in rows}


def _early(row: ProviderRate, now: float) -> float:
    """Seconds until the row may be reserved; none or less: it may."""
    return arrival_of(row, now) - now - BURST_SECONDS
