"""Pacing: one rate per provider, shared by every worker through one row.

The generic cell rate algorithm (ITU-T I.371 Annex A): a single number, the theoretical arrival
time of the next message, moves on by 1/rate for each message reserved. Notices have a row of
their own, so that a large edition never holds a confirmation up.
"""

from dataclasses import dataclass

from sqlmodel import Session, select

from newsletter.database import db_now
from newsletter.dispatch.models import PROVIDER_RATE, ProviderRate
from subscribers.upsert import insert

ALL_LANES = "all"
NOTICES = "notices"
BURST_SECONDS = 0.25
"""How far reservations may run ahead of the clock."""


@dataclass(frozen=True)
class Pace:
    """Messages a second; 0 is no limit."""

    rate: float

    def window(self, most: int) -> int:
        """Most messages in a window: what may be in doubt is at most a second's worth."""
        return most if self.rate <= 0 else max(1, min(most, int(self.rate)))

    def reserve(self, session: Session, provider: str, lane: str, count: int) -> float:
        """Reserve `count` messages; return seconds to wait, having reserved nothing, or 0.

        The row is locked until the caller commits: reservations of all workers queue up here.
        """
        if self.rate <= 0:
            return 0.0
        session.execute(
            insert(session, PROVIDER_RATE)
            .values(provider=provider, lane=lane, arrival=0.0)
            .on_conflict_do_nothing()
        )
        row = session.exec(
            select(ProviderRate)
            .where(ProviderRate.provider == provider, ProviderRate.lane == lane)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        now = session.exec(select(db_now())).one()
        early = row.arrival - now - BURST_SECONDS
        if early > 0:
            return early
        row.arrival = max(row.arrival, now) + count / self.rate
        session.add(row)
        return 0.0
