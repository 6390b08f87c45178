"""Lanes: groups of recipients' domains, slowed down while they put us off.

A window of which a lane's servers defer a quarter slows that lane down by a step, a window that
they take speeds it up by one; the others go on as they are. The step is kept with the lane's rate,
for all workers.
"""

import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlmodel import Session

from newsletter.database import db_now
from newsletter.dispatch.models import PROVIDER_RATE
from newsletter.dispatch.outcomes import Lesson
from newsletter.dispatch.pacing import ALL_LANES, SLOWEST, locked_rates, pause_of

log = logging.getLogger(__name__)

DEFERRED_SHARE = 0.25
DEFERRED_LEAST = 5
"""Fewer in a window are those readers' own servers' matter (greylisting)."""

_SLOWED = select(PROVIDER_RATE.c.lane, PROVIDER_RATE.c.slowness).where(
    PROVIDER_RATE.c.provider == bindparam("provider"), PROVIDER_RATE.c.slowness > 0
)


def heed_deferrals(session: Session, provider: str, lessons: Sequence[Lesson]) -> None:
    """Slow lanes down, or up again, by what these windows met with; once every other lock is held."""
    heard, deferred = Counter[str](), Counter[str]()
    for lesson in lessons:
        heard[lesson.lane] += lesson.accepted + lesson.deferred
        deferred[lesson.lane] += lesson.deferred
    slow = slowed_lanes(session, provider) if heard.total() else {}
    steps = {
        lane: step
        for lane in heard
        if (step := _step(heard[lane], deferred[lane], is_slow=lane in slow))
    }
    if steps:
        _change(session, provider, steps)


def slowed_lanes(session: Session, provider: str) -> dict[str, int]:
    """Lane -> by how many steps it is slowed down; those at full speed are left out."""
    return dict(session.execute(_SLOWED, {"provider": provider}).all())


def _step(heard: int, deferred: int, *, is_slow: bool) -> int:
    """1 to slow down, -1 to speed up, 0 to leave it."""
    if deferred >= max(DEFERRED_LEAST, heard * DEFERRED_SHARE):
        return 1
    return -1 if is_slow and heard > deferred else 0


def _change(session: Session, provider: str, steps: dict[str, int]) -> None:
    rates = locked_rates(session, provider, [ALL_LANES, *steps])
    now = session.execute(select(db_now())).scalar_one()
    for lane, step in steps.items():
        rate = rates[lane]
        rate.slowness = min(max(rate.slowness + step, 0), SLOWEST)
        if step > 0:
            rate.arrival = max(rate.arrival, now + pause_of(rate.slowness))
            log.warning("%s is slowed down: a window each %.0f s", lane, pause_of(rate.slowness))
        session.add(rate)
