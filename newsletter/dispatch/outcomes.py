"""Finish: what the provider said of a window, stored; what may be tried again, queued again."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, case, func, select, update
from sqlmodel import Session

from newsletter.database import db_now
from newsletter.dispatch.handoff import Window
from newsletter.dispatch.locks import LockedBatch, LockedEdition
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.requeue import PutOff, requeue
from newsletter.dispatch.states import OPEN, DeliveryState
from newsletter.dispatch.unsent import NOT_HANDED_OFF
from newsletter.editions.states import EditionState
from newsletter.one_line import one_line
from newsletter.providers.base import Outcome, OutcomeKind
from subscribers.among import among, among_given

MAX_ATTEMPTS = 8
BACKOFF_SECONDS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0)
"""Before attempt 2, 3, …: together some four hours."""
REASON_LENGTH = 500


class Result(NamedTuple):
    """One reader's outcome in one batch."""

    subscriber_id: int
    outcome: Outcome


class Lesson(NamedTuple):
    """What a window's outcomes say of its readers' addresses and of their lane.

    `deferred`: put off by the readers' servers, or on their behalf. `turned_away`: refused, or put
    off until the attempts were used up. `attempt`: 0 for the first.
    """

    edition_id: int
    lane: str
    accepted: int
    deferred: int = 0
    turned_away: Sequence[Result] = ()
    attempt: int = 0


Learn = Callable[[Session, Sequence[Lesson]], None]
"""Takes lessons in the transaction that stores the outcomes, once every other lock is held."""


def learn_nothing(_session: Session, _lessons: Sequence[Lesson]) -> None:
    """For who only sends."""


def finish_window(
    session: Session,
    edition: LockedEdition,
    batch: LockedBatch,
    window: Window,
    outcomes: Sequence[Outcome],
) -> Lesson:
    """Store the outcomes of a window; the caller has locked edition, batch and deliveries.

    Only what is still open in this batch changes state: evidence that came first stands, and
    what somebody settled and sent again belongs to another batch by now.
    """
    if all(outcome.kind is OutcomeKind.ACCEPTED for outcome in outcomes):
        _accept_whole(session, batch, window)
        return Lesson(batch.edition_id, batch.lane, accepted=len(outcomes), attempt=batch.attempt)
    by_kind: dict[OutcomeKind, list[Result]] = defaultdict(list)
    for row, outcome in zip(window.rows, outcomes, strict=True):
        by_kind[outcome.kind].append(Result(row.subscriber_id, outcome))
    accepted = [one.subscriber_id for one in by_kind[OutcomeKind.ACCEPTED]]
    _accept(session, batch, accepted)
    _settle(session, batch, by_kind[OutcomeKind.REFUSED], DeliveryState.REFUSED)
    _settle(session, batch, by_kind[OutcomeKind.UNSURE], DeliveryState.UNSURE)
    if edition.state == EditionState.CANCELLED:
        _settle(session, batch, by_kind[OutcomeKind.LATER], DeliveryState.CANCELLED)
        failed: Sequence[Result] = ()
    else:
        failed = _try_later(session, batch, by_kind[OutcomeKind.LATER])
    return Lesson(
        batch.edition_id,
        batch.lane,
        accepted=len(accepted),
        deferred=sum(map(_is_deferral, by_kind[OutcomeKind.LATER])),
        turned_away=[*by_kind[OutcomeKind.REFUSED], *failed],
        attempt=batch.attempt,
    )


def _is_deferral(result: Result) -> bool:
    """Whether a 4yz about the recipient came (RFC 5321 §4.2.1), and not about the provider."""
    return not result.outcome.provider_wide and result.outcome.code.startswith("4")


def backoff(attempt: int) -> float:
    """Seconds before the attempt after `attempt` (0 was the first)."""
    return BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS) - 1)]


_TAKEN = {
    "state": case(
        (DELIVERY.c.state.in_(OPEN), DeliveryState.ACCEPTED.value), else_=DELIVERY.c.state
    ),
    "accepted_at": func.coalesce(DELIVERY.c.accepted_at, db_now()),
    "unsure_at": None,
}
_ACCEPT = (
    update(DELIVERY)
    .where(
        DELIVERY.c.edition_id == bindparam("edition"),
        among_given(DELIVERY.c.subscriber_id, "readers"),
        DELIVERY.c.batch_id == bindparam("batch"),
    )
    .values(**_TAKEN)
)
_ACCEPT_WHOLE = (
    update(DELIVERY)
    .where(
        DELIVERY.c.batch_id == bindparam("batch"),
        DELIVERY.c.position >= bindparam("begin"),
        DELIVERY.c.position < bindparam("end"),
        DELIVERY.c.state.in_(OPEN),
    )
    .values(**_TAKEN)
)
"""What is open at a window's positions was in the window: it costs less to find than reader by
reader."""


def _accept_whole(session: Session, batch: LockedBatch, window: Window) -> None:
    begin, end = window.positions.start, window.positions.stop
    these = {"batch": batch.id, "begin": begin, "end": end}
    if session.exec(_ACCEPT_WHOLE, params=these).rowcount < len(window.rows):
        _accept(session, batch, [row.subscriber_id for row in window.rows])


def _accept(session: Session, batch: LockedBatch, ids: Sequence[int]) -> None:
    if not ids:
        return
    these = {"edition": batch.edition_id, "readers": ids, "batch": batch.id}
    if session.exec(_ACCEPT, params=these).rowcount < len(ids):
        # Sent again meanwhile, by somebody who could not know: if not handed off yet, in time.
        session.execute(update(DELIVERY).where(*_waiting_elsewhere(batch, ids)).values(**_TAKEN))


def _waiting_elsewhere(batch: LockedBatch, ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    return (
        DELIVERY.c.edition_id == batch.edition_id,
        among(DELIVERY.c.subscriber_id, ids),
        DELIVERY.c.batch_id != batch.id,
        NOT_HANDED_OFF,
    )


def _settle(
    session: Session, batch: LockedBatch, results: Sequence[Result], state: DeliveryState
) -> None:
    for reason, ids in _by_reason(results).items():
        session.exec(
            update(DELIVERY)
            .where(_these(batch, ids), DELIVERY.c.state.in_(OPEN))
            .values(
                state=state,
                reason=reason,
                unsure_at=db_now() if state == DeliveryState.UNSURE else None,
            )
        )


_PUT_OFF_SINCE = select(db_now(), func.coalesce(BATCH.c.put_off_since, db_now())).where(
    BATCH.c.id == bindparam("batch")
)


class _Again(NamedTuple):
    """Which attempt comes next, and after how many seconds."""

    attempt: int
    pause: float


def _try_later(session: Session, batch: LockedBatch, results: Sequence[Result]) -> list[Result]:
    """Queue again what was certainly not taken; give up, and return, what has used its attempts up."""
    still_open = _still_open(session, batch, [one.subscriber_id for one in results])
    retry: dict[_Again, list[Result]] = defaultdict(list)
    failed: list[Result] = []
    for result in results:
        if result.subscriber_id not in still_open:
            continue
        # Too many requests, out of service: the provider's matter, not an attempt of the reader's.
        attempt = batch.attempt + (not result.outcome.provider_wide)
        if attempt >= MAX_ATTEMPTS:
            failed.append(result)
        else:
            pause = result.outcome.retry_after
            again = _Again(attempt, backoff(batch.attempt) if pause is None else pause)
            retry[again].append(result)
    _settle(session, batch, failed, DeliveryState.FAILED)
    if retry:
        _queue_again(session, batch, retry)
    return failed


def _queue_again(
    session: Session, batch: LockedBatch, retry: Mapping[_Again, Sequence[Result]]
) -> None:
    """Put those who may be tried again alike into a batch of their own."""
    now, since = session.execute(_PUT_OFF_SINCE, {"batch": batch.id}).one()
    for again, alike in retry.items():
        requeue(
            session,
            batch,
            [one.subscriber_id for one in alike],
            variant=batch.variant,
            due_at=now + again.pause,
            attempt=again.attempt,
            put_off=PutOff(_words(alike[0].outcome), since),
        )


def _still_open(session: Session, batch: LockedBatch, ids: Sequence[int]) -> set[int]:
    if not ids:
        return set()
    rows = session.execute(
        select(DELIVERY.c.subscriber_id)
        .where(_these(batch, ids), DELIVERY.c.state.in_(OPEN))
        .order_by(DELIVERY.c.subscriber_id)
        .with_for_update()
    )
    return set(rows.scalars())


def _these(batch: LockedBatch, ids: Sequence[int]) -> ColumnElement[bool]:
    return (
        (DELIVERY.c.edition_id == batch.edition_id)
        & among(DELIVERY.c.subscriber_id, ids)
        & (DELIVERY.c.batch_id == batch.id)
    )


def _by_reason(results: Sequence[Result]) -> dict[str, list[int]]:
    reasons: dict[str, list[int]] = defaultdict(list)
    for result in results:
        reasons[_words(result.outcome)].append(result.subscriber_id)
    return reasons


def _words(outcome: Outcome) -> str:
    words = one_line(" ".join(filter(None, (outcome.code, outcome.enhanced, outcome.text))))
    return words[:REASON_LENGTH]
