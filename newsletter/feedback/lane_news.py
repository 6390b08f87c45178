"""What a provider's events say of lanes: their servers take our mail, or put it off.

SendGrid accepts whatever it is given; what the readers' servers said comes later, as events. They
are counted by provider and lane over some minutes, each delivery once, and judged as an SMTP
server's replies are (dispatch/lanes.py). Only mail that went out at the lane's present pace counts:
what was put off before a lane was slowed down says nothing of how it fares since.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_
from sqlmodel import Session, col
from sqlmodel import select as select_model

from newsletter.database import db_now
from newsletter.dispatch.lanes import DEFERRED_LEAST, DEFERRED_SHARE, Heard, change_pace, step_of
from newsletter.dispatch.models import ProviderRate
from newsletter.dispatch.pacing import ALL_LANES, STEP_SECONDS, locked_rates, slowness_of
from newsletter.feedback.events import NormalEvent
from newsletter.feedback.models import LANE_NEWS, LaneNews
from subscribers.upsert import insert

TELLING = ("deferred_at", "delivered_at")
"""What a reader's server says of our pace; a bounce speaks of the reader, or of the mail."""
ENOUGH = DEFERRED_LEAST / DEFERRED_SHARE
"""Deliveries heard of before a slow lane may go faster."""


class LaneKey(NamedTuple):
    """A provider's lane."""

    provider: str
    lane: str


@dataclass
class _Count:
    """Deliveries that were heard of for the first time, and that were put off for the first time."""

    heard: int = 0
    put_off: int = 0


@dataclass
class Tidings:
    """Gathers, in one transaction, what events say of lanes."""

    since: float
    """Older events say nothing of the present (UTC seconds)."""
    slowed: Mapping[LaneKey, ProviderRate]
    counts: dict[LaneKey, _Count] = field(default_factory=lambda: defaultdict(_Count))

    @classmethod
    def begin(cls, session: Session, *, now: float) -> "Tidings":
        """To be asked for before deliveries are locked."""
        rates = session.exec(select_model(ProviderRate).where(col(ProviderRate.slowness) > 0))
        slowed = {LaneKey(rate.provider, rate.lane): rate for rate in rates}
        return cls(now - STEP_SECONDS, slowed)

    def add(
        self,
        lane: LaneKey,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        events: Sequence[NormalEvent],
    ) -> None:
        """Count a delivery that `events` changed from `before` to `after` (its columns).

        Of a provider that tells later: of others, the dispatcher has heard the lane's servers itself.
        """
        accepted_at = after["accepted_at"]
        if accepted_at is None or max(event.at for event in events) < self.since:
            return  # who refused it or left by it tells nothing of how the lane's servers take mail
        if lane in self.slowed and accepted_at <= self.slowed[lane].slowed_at:
            return
        told = [row for row in (before, after) if any(row[column] for column in TELLING)]
        put_off = [row for row in (before, after) if row["deferred_at"]]
        if told == [after]:
            self.counts[lane].heard += 1
        if put_off == [after]:
            self.counts[lane].put_off += 1

    def keep(self, session: Session) -> frozenset[LaneKey]:
        """Add it to what was heard before; return the lanes whose pace is to be changed.

        Counters come last in the lock order; `change_paces` locks rates, which come before them,
        and therefore goes into a transaction of its own.
        """
        if not self.counts:
            return frozenset()
        now = session.execute(select(db_now())).scalar_one()
        ripe = set()
        for key, news in _locked(session, self.counts).items():
            if news.since < now - STEP_SECONDS:
                news.since, news.heard, news.put_off = now, 0, 0
            news.heard += self.counts[key].heard
            news.put_off += self.counts[key].put_off
            session.add(news)
            rate = self.slowed.get(key)
            if _step(news, is_slow=rate is not None and slowness_of(rate, now) > 0):
                ripe.add(key)
        return frozenset(ripe)


def change_paces(session: Session, lanes: Collection[LaneKey]) -> None:
    """Slow lanes down, or up again, by what has been heard of them; then listen anew."""
    for provider, group in groupby(sorted(lanes), key=lambda one: one.provider):
        keys = list(group)
        rates = locked_rates(session, provider, [ALL_LANES, *(key.lane for key in keys)])
        now = session.execute(select(db_now())).scalar_one()
        steps: dict[str, int] = {}
        for key, news in _locked(session, keys).items():
            if step := _step(news, is_slow=slowness_of(rates[key.lane], now) > 0):
                steps[key.lane] = step
                news.since, news.heard, news.put_off = now, 0, 0
                session.add(news)
        change_pace(session, rates, steps, now=now)


def _step(news: LaneNews, *, is_slow: bool) -> int:
    taken = news.heard - news.put_off
    heard = Heard(accepted=taken, deferred=news.put_off, tried=news.heard, put_off=news.put_off)
    return step_of(heard, is_slow=is_slow and news.heard >= ENOUGH)


def _locked(session: Session, keys: Collection[LaneKey]) -> dict[LaneKey, LaneNews]:
    """The rows of these lanes, made where missing, locked in the order of their keys."""
    for key in sorted(keys):
        session.execute(
            insert(session, LANE_NEWS)
            .values(provider=key.provider, lane=key.lane, since=0.0, heard=0, put_off=0)
            .on_conflict_do_nothing()
        )
    rows = session.exec(
        select_model(LaneNews)
        .where(tuple_(col(LaneNews.provider), col(LaneNews.lane)).in_(list(keys)))
        .order_by(col(LaneNews.provider), col(LaneNews.lane))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {LaneKey(row.provider, row.lane): row for row in rows}
