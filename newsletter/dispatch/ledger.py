"""The ledger's walk of a batch: claim, hand off in windows, release or finish.

Every function is one step inside the caller's transaction. What the provider is asked to take is
committed as *handed off* before it is asked: after a crash, rows below `handed_to` without an
outcome are in doubt and become unsure; nothing else can have been sent.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, exists, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_model

from newsletter.database import db_now
from newsletter.dispatch.models import BATCH, DELIVERY, Batch
from newsletter.dispatch.pacing import ALL_LANES, Pace
from newsletter.dispatch.requeue import requeue
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.editions.locks import wait_in_line
from newsletter.editions.models import EDITION, Edition
from newsletter.editions.states import EditionState
from newsletter.editions.variants import Variant
from newsletter.errors import LeaseLost
from subscribers.among import among
from subscribers.audience import Standing, still_mailable

TOKEN_BYTES = 16


def monotonic() -> float:
    """Seconds on a clock that goes on while the machine sleeps and that nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class Lease:
    """A batch that is ours until `deadline` (our monotonic clock, counted from before the claim)."""

    batch_id: int
    edition_id: int
    variant: str
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


class LockedEdition(NamedTuple):
    """What has to hold while its row is locked."""

    state: str
    revision: int


@dataclass(frozen=True)
class Rules:
    """What decides a reader's variant in one edition, and how long it may go out."""

    publication_id: int
    revision: int
    topics: frozenset[str]
    policy: str
    not_after: float | None


class Row(NamedTuple):
    """One reader of a window."""

    subscriber_id: int
    email: str


@dataclass(frozen=True)
class Window:
    """What has been handed off and is now to be sent; after the `last` one the batch is drained."""

    rows: tuple[Row, ...]
    last: bool


@dataclass(frozen=True)
class Wait:
    """Nothing was handed off: the provider's rate wants `seconds` more."""

    seconds: float


@dataclass(frozen=True)
class Drained:
    """The batch has no more rows to hand off."""


@dataclass(frozen=True)
class Stopped:
    """The edition is not sending (paused, cancelled): let the batch go."""


HandOff = Window | Wait | Drained | Stopped


def claim(session: Session, provider: str, *, limit: int, seconds: float) -> list[Lease]:
    """Lease up to `limit` ready batches that are due, oldest first, for `seconds`."""
    before = monotonic()
    batches = session.exec(
        select_model(Batch)
        .join(Edition, col(Edition.id) == Batch.edition_id)
        .where(
            Batch.state == BatchState.READY,
            Batch.provider == provider,
            Edition.state == EditionState.SENDING,
            Batch.due_at <= db_now(),
        )
        .order_by(col(Batch.due_at), col(Batch.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Batch)
    ).all()
    leases = []
    for batch in batches:
        lease = Lease(
            batch_id=batch.key,
            edition_id=batch.edition_id,
            variant=batch.variant,
            token=secrets.token_hex(TOKEN_BYTES),
            seconds=seconds,
            deadline=before + seconds,
        )
        session.exec(
            update(BATCH)
            .where(BATCH.c.id == batch.key)
            .values(state=BatchState.LEASED, token=lease.token, leased_until=db_now() + seconds)
        )
        leases.append(lease)
    return leases


def renew(session: Session, leases: Sequence[Lease]) -> list[Lease]:
    """Extend leases that are still ours; return those that are not any more.

    The new deadlines hold only once the caller has committed, who sets them then.
    """
    lost = []
    for lease in sorted(leases, key=lambda one: one.batch_id):
        changed = session.exec(
            update(BATCH).where(*_ours(lease)).values(leased_until=db_now() + lease.seconds)
        )
        if changed.rowcount == 0:
            lost.append(lease)
    return lost


def hand_off(
    session: Session, lease: Lease, rules: Rules, *, most: int, pace: Pace, composition_id: int
) -> HandOff:
    """Mark the next rows of the batch as handed to the provider; return who is to be written to.

    Whoever left since the freeze is excluded here, whoever changed preferences moves to a batch
    of the right variant. Raises LeaseLost where another worker has the batch.
    """
    edition = lock_edition(session, lease.edition_id)
    batch = _hold(session, lease)
    if edition.state != EditionState.SENDING or edition.revision != rules.revision:
        return Stopped()
    candidates, last = _next_rows(session, batch, most)
    if not candidates:
        return Drained()
    if _has_expired(session, rules):
        _expire(session, batch)
        return Drained()
    wait = pace.reserve(session, batch.provider, ALL_LANES, len(candidates))
    if wait > 0:
        return Wait(wait)
    standings = still_mailable(session, rules.publication_id, list(candidates))
    rows = _keep_who_stays(session, batch, rules, standings)
    batch.handed_to = max(candidates.values()) + 1
    batch.composition_id = composition_id
    session.add(batch)
    return Window(rows, last)


def release(session: Session, lease: Lease) -> None:
    """Give the batch back: rows not yet handed off wait for whoever claims it next."""
    _doubt_what_has_no_outcome(session, lease)
    waiting = exists().where(
        DELIVERY.c.batch_id == lease.batch_id, DELIVERY.c.state == DeliveryState.QUEUED
    )
    session.exec(
        update(BATCH)
        .where(*_ours(lease))
        .values(
            state=case((waiting, BatchState.READY.value), else_=BatchState.DONE.value),
            token=None,
            leased_until=None,
        )
    )


def finish_batch(session: Session, lease: Lease) -> None:
    """Close a batch of which the provider has nothing any more."""
    _doubt_what_has_no_outcome(session, lease)
    session.exec(
        update(BATCH)
        .where(*_ours(lease))
        .values(state=BatchState.DONE, token=None, leased_until=None)
    )


def _doubt_what_has_no_outcome(session: Session, lease: Lease) -> None:
    """Call unsure what was handed off and has no outcome, though nothing is under way.

    It happens where the answer to a COMMIT got lost: the hand-off stands, and we don't know of it.
    """
    handed_to = select(BATCH.c.handed_to).where(*_ours(lease)).scalar_subquery()
    session.exec(
        update(DELIVERY)
        .where(
            DELIVERY.c.batch_id == lease.batch_id,
            DELIVERY.c.position < handed_to,
            DELIVERY.c.state == DeliveryState.QUEUED,
        )
        .values(state=DeliveryState.UNSURE, unsure_at=db_now())
    )


def lock_batches(session: Session, batch_ids: Sequence[int]) -> None:
    """Lock batches in the order of their ids; nothing to do on SQLite (`lock_deliveries`)."""
    if batch_ids and session.get_bind().dialect.name != "sqlite":
        session.execute(
            select(BATCH.c.id)
            .where(among(BATCH.c.id, batch_ids))
            .order_by(BATCH.c.id)
            .with_for_update()
        )


def lock_edition(session: Session, edition_id: int) -> LockedEdition:
    """Take the edition's row FOR SHARE: pause, cancel and revise (FOR UPDATE) wait for us."""
    wait_in_line(session, edition_id, shared=True)
    row = session.execute(
        select(EDITION.c.state, EDITION.c.revision)
        .where(EDITION.c.id == edition_id)
        .with_for_update(read=True)
    ).one()
    return LockedEdition(*row)


def lock_deliveries(session: Session, edition_id: int, subscriber_ids: Sequence[int]) -> None:
    """Lock deliveries in the order of their key, as everybody does.

    SQLite has no rows to lock: whoever writes has the whole file.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(
        select(DELIVERY.c.subscriber_id)
        .where(DELIVERY.c.edition_id == edition_id, among(DELIVERY.c.subscriber_id, subscriber_ids))
        .order_by(DELIVERY.c.subscriber_id)
        .with_for_update()
    )


def _ours(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (
        BATCH.c.id == lease.batch_id,
        BATCH.c.state == BatchState.LEASED,
        BATCH.c.token == lease.token,
    )


def _hold(session: Session, lease: Lease) -> Batch:
    """Lock the batch; raise LeaseLost unless it is ours by the database's clock."""
    batch = session.exec(
        select_model(Batch)
        .where(*_ours(lease), col(Batch.leased_until) > db_now())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if batch is None:
        raise LeaseLost(f"Batch {lease.batch_id} is with another worker now.")
    return batch


def _next_rows(session: Session, batch: Batch, most: int) -> tuple[dict[int, int], bool]:
    """Subscriber id -> position, of the next queued rows, and whether they are the last."""
    rows = session.execute(
        select(DELIVERY.c.subscriber_id, DELIVERY.c.position)
        .where(
            DELIVERY.c.batch_id == batch.key,
            DELIVERY.c.position >= batch.handed_to,
            DELIVERY.c.state == DeliveryState.QUEUED,
        )
        .order_by(DELIVERY.c.position)
        .limit(most + 1)
        .with_for_update()
    ).all()
    return dict(rows[:most]), len(rows) <= most


def _keep_who_stays(
    session: Session, batch: Batch, rules: Rules, standings: Mapping[int, Standing]
) -> tuple[Row, ...]:
    kept: list[Row] = []
    parting = _Parting()

    @cache  # readers by the thousand have a handful of wishes
    def variant_for(tracking: str, muted: str) -> str:
        return Variant.for_reader(tracking, muted, topics=rules.topics, policy=rules.policy).key

    for subscriber_id in sorted(standings):
        standing = standings[subscriber_id]
        if standing.reason is not None or standing.email is None:
            parting.excluded.setdefault(standing.reason or "erased", []).append(subscriber_id)
            continue
        wanted = variant_for(standing.tracking, standing.muted)
        if wanted == batch.variant:
            kept.append(Row(subscriber_id, standing.email))
        else:
            parting.moved.setdefault(wanted, []).append(subscriber_id)
    parting.carry_out(session, batch)
    return tuple(kept)


@dataclass
class _Parting:
    """Who leaves the window: by reason, or by the variant that they want now."""

    excluded: dict[str, list[int]] = field(default_factory=dict)
    moved: dict[str, list[int]] = field(default_factory=dict)

    def carry_out(self, session: Session, batch: Batch) -> None:
        for reason, ids in self.excluded.items():
            session.exec(
                update(DELIVERY)
                .where(
                    DELIVERY.c.edition_id == batch.edition_id, among(DELIVERY.c.subscriber_id, ids)
                )
                .values(state=DeliveryState.EXCLUDED, reason=reason)
            )
        for variant, ids in self.moved.items():
            requeue(
                session,
                batch,
                ids,
                variant=variant,
                due_at=batch.due_at,
                attempt=batch.attempt,
            )


def _has_expired(session: Session, rules: Rules) -> bool:
    if rules.not_after is None:
        return False
    return rules.not_after < session.exec(select_model(db_now())).one()


def _expire(session: Session, batch: Batch) -> None:
    session.exec(
        update(DELIVERY)
        .where(
            DELIVERY.c.batch_id == batch.key,
            DELIVERY.c.position >= batch.handed_to,
            DELIVERY.c.state == DeliveryState.QUEUED,
        )
        .values(state=DeliveryState.EXPIRED, reason="not sent by its time limit")
    )
