"""Lanes: groups of recipients' domains, slowed down while they put us off.

First attempts of which a lane's servers defer a quarter slow that lane down by a step; a window
that they take speeds it up by one, and so does time. Retries slow nothing down, since they are
those who were deferred: their servers' greylisting is no word about our pace. The step is kept with
the lane's rate, for all workers. Of a provider that accepts everything and tells later, the events
speak (feedback/lane_news.py).
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlmodel import Session

from newsletter.database import db_now
from newsletter.dispatch.models import PROVIDER_RATE, ProviderRate
from newsletter.dispatch.outcomes import Lesson
from newsletter.dispatch.pacing import (
    ALL_LANES,
    SLOWEST,
    arrival_of,
    locked_rates,
    pause_of,
    slowness_of,
)
from newsletter.providers.base import Provider

log = logging.getLogger(__name__)

DEFERRED_SHARE = 0.25
DEFERRED_LEAST = 5
"""Fewer in a window are those readers' own servers' matter (greylisting)."""

_SLOWED = select(
    PROVIDER_RATE.c.lane, PROVIDER_RATE.c.slowness, PROVIDER_RATE.c.slowed_at, db_now().label("now")
).where(PROVIDER_RATE.c.provider == bindparam("provider"), PROVIDER_RATE.c.slowness > 0)


@dataclass
class Heard:
    """What a lane's servers said in this turn, in messages; `put_off`: of first attempts."""

    accepted: int = 0
    deferred: int = 0
    tried: int = 0
    put_off: int = 0

    def add(self, lesson: Lesson) -> None:
        self.accepted += lesson.accepted
        self.deferred += lesson.deferred
        if lesson.attempt == 0:
            self.tried += lesson.accepted + lesson.deferred
            self.put_off += lesson.deferred


def heed_deferrals(
    session: Session, provider: Provider, lessons: Sequence[Lesson], slowed: Collection[str]
) -> None:
    """Slow lanes down, or up again, by what these windows met with; once every other lock is held.

    `slowed`: the lanes that are slow already.
    """
    if provider.tells_later:
        return
    heard: dict[str, Heard] = defaultdict(Heard)
    for lesson in lessons:
        if lesson.accepted or lesson.deferred:
            heard[lesson.lane].add(lesson)
    steps = {
        lane: step
        for lane, said in heard.items()
        if (step := step_of(said, is_slow=lane in slowed))
    }
    if steps:
        rates = locked_rates(session, provider.name, [ALL_LANES, *steps])
        change_pace(session, rates, steps, now=session.execute(select(db_now())).scalar_one())


def slowed_lanes(session: Session, provider: str) -> dict[str, int]:
    """Lane -> by how many steps it is slowed down; those at full speed are left out."""
    rows = session.execute(_SLOWED, {"provider": provider}).all()
    return {rate.lane: steps for rate in rows if (steps := slowness_of(rate, rate.now))}


def step_of(heard: Heard, *, is_slow: bool) -> int:
    """1 to slow down, -1 to speed up, 0 to leave it."""
    if heard.put_off >= max(DEFERRED_LEAST, heard.tried * DEFERRED_SHARE):
        return 1
    return -1 if is_slow and heard.accepted > heard.deferred else 0


def change_pace(
    session: Session, rates: Mapping[str, ProviderRate], steps: Mapping[str, int], *, now: float
) -> None:
    """Slow these lanes down by a step (1), or up (-1); `rates`: theirs, locked."""
    for lane, step in steps.items():
        rate = rates[lane]
        rate.slowness = min(max(slowness_of(rate, now) + step, 0), SLOWEST)
        rate.slowed_at = now
        if step > 0:
            rate.arrival = max(arrival_of(rate, now), now + pause_of(rate.slowness))
            log.warning("%s is slowed down: a window each %.0f s", lane, pause_of(rate.slowness))
        session.add(rate)
