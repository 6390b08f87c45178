"""The ledger's leases: claim batches, keep them, give them back or close them.

Every function is one step inside the caller's transaction. In between lies the hand-off
(handoff.py): after a crash, rows below `handed_to` without an outcome are in doubt and become
unsure; nothing else can have been sent.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, case, exists, select, update
from sqlmodel import Session

from newsletter.database import db_now
from newsletter.dispatch.models import BATCH, DELIVERY, PROVIDER_RATE
from newsletter.dispatch.pacing import BURST_SECONDS, FURTHEST
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.editions.models import EDITION
from newsletter.editions.states import EditionState
from newsletter.providers.base import Provider
from subscribers.among import among_given

TOKEN_BYTES = 16

OURS = and_(
    BATCH.c.id == bindparam("leased_batch"),
    BATCH.c.state == BatchState.LEASED,
    BATCH.c.token == bindparam("leased_token"),
)
"""A batch that nobody has claimed since we did; takes `Lease.claimed`."""


def monotonic() -> float:
    """Seconds on a clock that goes on while the machine sleeps and that nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class Lease:
    """A batch that is ours until `deadline` (our monotonic clock, counted from before the claim)."""

    batch_id: int
    edition_id: int
    variant: str
    lane: str
    revision: int
    """The edition's, when the batch was claimed."""
    approved_hash: str | None
    """What was approved then: also the brand, which may change while the revision stays."""
    handed_to: int
    """As far as the batch had been handed off then."""
    token: str
    seconds: float
    deadline: float

    @property
    def is_alive(self) -> bool:
        return monotonic() < self.deadline

    @property
    def wants_renewal(self) -> bool:
        """A third of the lease has gone by."""
        return monotonic() > self.deadline - self.seconds * 2 / 3

    @property
    def claimed(self) -> dict[str, int | str]:
        """What the condition OURS asks for."""
        return {"leased_batch": self.batch_id, "leased_token": self.token}


_LANE_WAITS = exists().where(
    PROVIDER_RATE.c.provider == BATCH.c.provider,
    PROVIDER_RATE.c.lane == BATCH.c.lane,
    PROVIDER_RATE.c.arrival.between(db_now() + BURST_SECONDS, db_now() + FURTHEST),
)
"""A lane that has its rate used up, or is slowed down."""
_LANE_IS_SLOW = exists().where(
    PROVIDER_RATE.c.provider == BATCH.c.provider,
    PROVIDER_RATE.c.lane == BATCH.c.lane,
    PROVIDER_RATE.c.slowness > 0,
)
_YIELDS = case((and_(BATCH.c.attempt > 0, _LANE_IS_SLOW), 1), else_=0)
"""Who was deferred waits until the others have had their first attempt in a lane that is slow."""
_READY = (
    select(
        BATCH.c.id,
        BATCH.c.edition_id,
        BATCH.c.variant,
        BATCH.c.lane,
        EDITION.c.revision,
        EDITION.c.approved_hash,
        BATCH.c.handed_to,
    )
    .join(EDITION, EDITION.c.id == BATCH.c.edition_id)
    .where(
        BATCH.c.state == BatchState.READY,
        BATCH.c.provider == bindparam("provider"),
        EDITION.c.state == EditionState.SENDING,
        BATCH.c.due_at <= db_now(),
        ~_LANE_WAITS,
    )
    .order_by(_YIELDS, BATCH.c.due_at, BATCH.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=BATCH)
)
_LEASE = (
    update(BATCH)
    .where(among_given(BATCH.c.id, "batch_ids"))
    .values(
        state=BatchState.LEASED,
        tells_later=bindparam("lease_tells_later"),
        token=bindparam("lease_token"),
        leased_until=db_now() + bindparam("lease_seconds"),
    )
)
_RENEW = update(BATCH).where(OURS).values(leased_until=db_now() + bindparam("lease_seconds"))
_FINISH = update(BATCH).where(OURS).values(state=BatchState.DONE, token=None, leased_until=None)
_FINISH_KNOWN = _FINISH.where(BATCH.c.handed_to == bindparam("known"))
_DOUBT = (
    update(DELIVERY)
    .where(
        DELIVERY.c.batch_id == bindparam("leased_batch"),
        DELIVERY.c.position < select(BATCH.c.handed_to).where(OURS).scalar_subquery(),
        DELIVERY.c.state == DeliveryState.QUEUED,
    )
    .values(state=DeliveryState.UNSURE, unsure_at=db_now())
)


def claim(session: Session, provider: Provider, *, limit: int, seconds: float) -> list[Lease]:
    """Lease up to `limit` of the provider's ready batches that are due, oldest first, for `seconds`.

    In a lane that is slowed down retries come last. Nobody is waited for: who locks a batch has it.
    """
    before = monotonic()
    token = secrets.token_hex(TOKEN_BYTES)
    ready = session.execute(_READY, {"provider": provider.name, "most": limit}).all()
    leases = [
        Lease(
            batch_id=row.id,
            edition_id=row.edition_id,
            variant=row.variant,
            lane=row.lane,
            revision=row.revision,
            approved_hash=row.approved_hash,
            handed_to=row.handed_to,
            token=token,
            seconds=seconds,
            deadline=before + seconds,
        )
        for row in ready
    ]
    if leases:
        ids = [lease.batch_id for lease in leases]
        session.execute(
            _LEASE,
            {
                "batch_ids": ids,
                "lease_tells_later": provider.tells_later,
                "lease_token": token,
                "lease_seconds": seconds,
            },
        )
    return leases


def renew(session: Session, leases: Sequence[Lease]) -> list[Lease]:
    """Extend leases that are still ours; return those that are not any more.

    The new deadlines hold only once the caller has committed, who sets them then.
    """
    lost = []
    for lease in sorted(leases, key=lambda one: one.batch_id):
        changed = session.exec(_RENEW, params={**lease.claimed, "lease_seconds": lease.seconds})
        if changed.rowcount == 0:
            lost.append(lease)
    return lost


def release(session: Session, lease: Lease) -> None:
    """Give the batch back: rows not yet handed off wait for whoever claims it next."""
    session.execute(_DOUBT, lease.claimed)
    waiting = exists().where(
        DELIVERY.c.batch_id == lease.batch_id, DELIVERY.c.state == DeliveryState.QUEUED
    )
    session.execute(
        update(BATCH)
        .where(OURS)
        .values(
            state=case((waiting, BatchState.READY.value), else_=BatchState.DONE.value),
            token=None,
            leased_until=None,
        ),
        lease.claimed,
    )


def finish_batch(session: Session, lease: Lease, *, handed_to: int) -> None:
    """Close a batch of which the provider has nothing any more; we handed off to `handed_to`.

    Where the batch says that it came further, the answer to a COMMIT got lost: that hand-off stands,
    we never knew of it, and what has no outcome is in doubt.
    """
    as_known = session.exec(_FINISH_KNOWN, params={**lease.claimed, "known": handed_to})
    if as_known.rowcount:
        return
    session.execute(_DOUBT, lease.claimed)
    session.execute(_FINISH, lease.claimed)
