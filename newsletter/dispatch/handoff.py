"""Hand-off: what goes to the provider next, committed before the provider is asked.

After a crash, rows below `handed_to` without an outcome are in doubt; nothing else can have been
sent. This is the ledger's busiest step, a transaction every 200 messages on SMTP: its statements
are built once, and what a window needs of its readers comes in one answer.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Row as SqlRow
from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from newsletter.database import db_now
from newsletter.dispatch.ledger import OURS, Lease
from newsletter.dispatch.locks import BATCH_COLUMNS, LockedBatch, LockedEdition
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.pacing import Pace
from newsletter.dispatch.requeue import requeue
from newsletter.dispatch.states import DeliveryState
from newsletter.dispatch.unsent import not_handed_off, unsent_readers
from newsletter.editions.states import EditionState
from newsletter.editions.variants import Variant
from newsletter.errors import LeaseLost
from subscribers.among import among
from subscribers.audience import STANDING, beside_standing


@dataclass(frozen=True)
class Rules:
    """What decides a reader's variant in one edition, and how long it may go out."""

    publication_id: int
    revision: int
    approved_hash: str | None
    topics: frozenset[str]
    policy: str
    not_after: float | None

    def hold_for(self, edition: LockedEdition) -> bool:
        """Whether these are still the bytes that somebody approved, and may go out."""
        approved = edition.revision, edition.approved_hash
        return (
            edition.state == EditionState.SENDING
            and (self.revision, self.approved_hash) == approved
        )


class Row(NamedTuple):
    """One reader of a window."""

    subscriber_id: int
    email: str


@dataclass(frozen=True)
class Window:
    """What has been handed off and is now to be sent; after the `last` one the batch is drained."""

    rows: tuple[Row, ...]
    positions: range
    """In the batch; those of rows that parted are among them."""
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
    """The edition stopped, or was approved anew, or the lane must wait: let the batch go."""


HandOff = Window | Wait | Drained | Stopped

_Candidate = SqlRow[int, int, str | None, str | None, str, str]
"""Subscriber id, position, and how the reader stands."""

_HOLD = select(*BATCH_COLUMNS).where(OURS, BATCH.c.leased_until > db_now()).with_for_update()
_NEXT = (
    select(DELIVERY.c.subscriber_id, DELIVERY.c.position, *STANDING)
    .select_from(beside_standing(DELIVERY, bindparam("publication_id")))
    .where(not_handed_off(bindparam("batch_id"), bindparam("handed_to")))
    .order_by(DELIVERY.c.position)
    .limit(bindparam("most"))
    .with_for_update(of=DELIVERY)
)
_MARK = (
    update(BATCH)
    .where(BATCH.c.id == bindparam("batch"))
    .values(handed_to=bindparam("upto"), composition_id=bindparam("composition"))
)


def hand_off(
    session: Session,
    edition: LockedEdition,
    lease: Lease,
    rules: Rules,
    *,
    most: int,
    pace: Pace,
    slowed: Collection[str],
    composition_id: int,
) -> HandOff:
    """Mark the next rows of the batch as handed to the provider; return who is to be written to.

    `slowed`: lanes whose servers put us off. Whoever left since the freeze is excluded here,
    whoever changed preferences moves to a batch of the right variant. Raises LeaseLost where
    another worker has the batch.
    """
    batch = _hold(session, lease)
    if not rules.hold_for(edition):
        return Stopped()
    candidates, last = _candidates(session, batch, rules.publication_id, most)
    if not candidates or _ends_here(session, batch, rules, composition_id):
        return Drained()
    slow = batch.lane in slowed
    turn = pace.take_turn(session, batch.provider, batch.lane, len(candidates), slow=slow)
    if turn.lane_wait > 0:
        return Stopped()  # the lane is claimed again when it may go on; others have the place
    if turn.wait > 0:
        return Wait(turn.wait)
    rows = _keep_who_stays(session, batch, rules, candidates)
    upto = candidates[-1].position + 1
    session.execute(_MARK, {"batch": batch.id, "upto": upto, "composition": composition_id})
    return Window(rows, range(batch.handed_to, upto), last)


def _hold(session: Session, lease: Lease) -> LockedBatch:
    """Lock the batch; raise LeaseLost unless it is ours by the database's clock."""
    row = session.execute(_HOLD, lease.claimed).one_or_none()
    if row is None:
        raise LeaseLost(f"Batch {lease.batch_id} is with another worker now.")
    return LockedBatch(*row)


def _candidates(
    session: Session, batch: LockedBatch, publication_id: int, most: int
) -> tuple[Sequence[_Candidate], bool]:
    """The next queued rows by position, each with its reader's standing; whether they are the last."""
    rows = session.execute(
        _NEXT,
        {
            "publication_id": publication_id,
            "batch_id": batch.id,
            "handed_to": batch.handed_to,
            "most": most + 1,
        },
    ).all()
    return rows[:most], len(rows) <= most


def _ends_here(session: Session, batch: LockedBatch, rules: Rules, composition_id: int) -> bool:
    """Whether nothing more of the batch goes out, however many rows it has; they are seen to."""
    if _has_expired(session, rules):
        _expire(session, batch)
        return True
    if batch.handed_to and batch.composition_id not in {None, composition_id}:
        _part_revisions(session, batch)
        return True
    return False


def _part_revisions(session: Session, batch: LockedBatch) -> None:
    """Give the rest a batch of its own: a batch remembers the one composition that it went out with.

    The edition was corrected while the batch was half handed off.
    """
    rest = unsent_readers(session, batch)
    requeue(session, batch, rest, variant=batch.variant, due_at=batch.due_at, attempt=batch.attempt)


def _keep_who_stays(
    session: Session, batch: LockedBatch, rules: Rules, candidates: Sequence[_Candidate]
) -> tuple[Row, ...]:
    """Who is to be written to, by id; the others part here."""

    @cache  # readers by the thousand have a handful of wishes
    def variant_for(tracking: str, muted: str) -> str:
        return Variant.for_reader(tracking, muted, topics=rules.topics, policy=rules.policy).key

    ours, by_id = batch.variant, sorted(candidates, key=itemgetter(0))
    kept = tuple(
        [
            Row(subscriber_id, email)
            for subscriber_id, _, reason, email, tracking, muted in by_id
            if reason is None and email is not None and variant_for(tracking, muted) == ours
        ]
    )
    if len(kept) < len(by_id):
        _part(session, batch, by_id, variant_for)
    return kept


def _part(
    session: Session,
    batch: LockedBatch,
    candidates: Sequence[_Candidate],
    variant_for: Callable[[str, str], str],
) -> None:
    """Exclude who is not to be written to any more; move who wants another variant."""
    parting = _Parting()
    for subscriber_id, _, reason, email, tracking, muted in candidates:
        if reason is not None or email is None:
            parting.excluded.setdefault(reason or "erased", []).append(subscriber_id)
        elif (wanted := variant_for(tracking, muted)) != batch.variant:
            parting.moved.setdefault(wanted, []).append(subscriber_id)
    parting.carry_out(session, batch)


@dataclass
class _Parting:
    """Who leaves the window: by reason, or by the variant that they want now."""

    excluded: dict[str, list[int]] = field(default_factory=dict)
    moved: dict[str, list[int]] = field(default_factory=dict)

    def carry_out(self, session: Session, batch: LockedBatch) -> None:
        for reason, ids in self.excluded.items():
            session.execute(
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
    return bool(rules.not_after < session.execute(select(db_now())).scalar_one())


def _expire(session: Session, batch: LockedBatch) -> None:
    session.execute(
        update(DELIVERY)
        .where(not_handed_off(batch.id, batch.handed_to))
        .values(state=DeliveryState.EXPIRED, reason="not sent by its time limit")
    )
