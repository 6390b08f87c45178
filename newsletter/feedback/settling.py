"""What events do to deliveries: their state, and when each thing happened.

Every word is kept in its `*_at` column, the earliest of its kind; the state is the latest word in
the order of `EVIDENCE_BEFORE`. So events may come in any order and the row ends the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.states import EVIDENCE_BEFORE, OPEN, DeliveryState
from newsletter.feedback.events import (
    BounceKind,
    EventKind,
    NormalEvent,
    PlacedEvent,
)
from newsletter.feedback.lane_news import LaneKey, Tidings
from newsletter.feedback.models import BOUNCE_TALLY
from subscribers.upsert import INSERTS, Insert

Row = Mapping[str, Any]
"""A delivery's columns of `COLUMNS`, by name."""

COLUMNS = (
    "state",
    "reason",
    "assumed",
    "accepted_at",
    "deferred_at",
    "delivered_at",
    "bounced_at",
    "bounce_kind",
    "complained_at",
    "unsubscribed_at",
)
STATES: dict[EventKind, DeliveryState] = {
    EventKind.ACCEPTED: DeliveryState.ACCEPTED,
    EventKind.DEFERRED: DeliveryState.DEFERRED,
    EventKind.DELIVERED: DeliveryState.DELIVERED,
    EventKind.BOUNCED: DeliveryState.BOUNCED,
    EventKind.DROPPED: DeliveryState.BOUNCED,
    EventKind.COMPLAINED: DeliveryState.COMPLAINED,
}
REPLACES: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.ACCEPTED: OPEN,
    **EVIDENCE_BEFORE,
}
SETTLED_BY = ("delivered_at", "bounced_at", "complained_at")


def settle(row: Row, event: NormalEvent) -> Row:
    """What a delivery is after an event; the same row where the event says nothing about it."""
    state = STATES.get(event.kind)
    if state is not None:
        return _with_evidence(row, event, state)
    if event.kind == EventKind.REFUSED:
        # Never taken, so never bounced: the dispatcher has stored that; this says whose fault it is.
        return {**row, "bounce_kind": row["bounce_kind"] or event.bounce}
    if event.kind == EventKind.UNSUBSCRIBED:
        return {**row, "unsubscribed_at": _earliest(row["unsubscribed_at"], event.at)}
    return row


def _with_evidence(row: Row, event: NormalEvent, state: DeliveryState) -> Row:
    """Whatever a provider reports of a message, it had accepted it, and nobody assumes any more."""
    column = f"{state}_at"
    changed = dict(row) | {"assumed": False}
    changed[column] = _earliest(row[column], event.at)
    if row["accepted_at"] is None:
        changed["accepted_at"] = event.at
    if state == DeliveryState.BOUNCED and changed[column] != row[column]:
        changed |= {"bounce_kind": event.bounce, "reason": event.summary}
    if row["state"] in REPLACES[state]:
        changed["state"] = state
    return changed


def _earliest(known: float | None, at: float) -> float:
    return at if known is None else min(known, at)


@dataclass
class Weight:
    """What one edition's deliveries gained: settled for the first time, and bounced hard."""

    settled: int = 0
    hard: int = 0

    def add(self, before: Row, after: Row, settled_by: Collection[str]) -> None:
        self.settled += _is_settled(after, settled_by) and not _is_settled(before, settled_by)
        self.hard += _is_hard(after) - _is_hard(before)


def _is_settled(row: Row, settled_by: Collection[str]) -> bool:
    return any(row[column] is not None for column in settled_by)


def _is_hard(row: Row) -> bool:
    return bool(row["bounce_kind"] == BounceKind.HARD)


def settle_deliveries(
    session: Session, placed: Iterable[PlacedEvent], tidings: Tidings
) -> dict[int, Weight]:
    """Settle the deliveries that events are about; return what each edition gained.

    Deliveries are locked in the order of their key, and the tallies after them. What that says of
    their lanes is added to `tidings`.
    """
    events: dict[int, dict[int, list[NormalEvent]]] = defaultdict(lambda: defaultdict(list))
    for one in placed:
        if one.delivery is not None:
            events[one.delivery.edition_id][one.delivery.subscriber_id].append(one.event)
    weights = {
        edition_id: _settle_edition(session, edition_id, events[edition_id], tidings)
        for edition_id in sorted(events)
    }
    for edition_id, weight in weights.items():
        add_to_tally(session, edition_id, weight)
    return weights


def _settle_edition(
    session: Session, edition_id: int, events: Mapping[int, list[NormalEvent]], tidings: Tidings
) -> Weight:
    weight = Weight()
    changes: list[dict[str, Any]] = []
    for one in _locked(session, edition_id, events):
        before = after = one.row
        for event in events[one.subscriber_id]:
            after = settle(after, event)
        settled_by = SETTLED_BY if one.tells_later else (*SETTLED_BY, "accepted_at")
        weight.add(before, after, settled_by)
        if after == before:
            continue
        if one.tells_later:
            tidings.add(one.lane, before, after, events[one.subscriber_id])
        values = {f"new_{column}": after[column] for column in COLUMNS}
        changes.append({"edition": edition_id, "subscriber": one.subscriber_id, **values})
    if changes:
        session.execute(_UPDATE, changes)
    return weight


_UPDATE = (
    update(DELIVERY)
    .where(
        DELIVERY.c.edition_id == bindparam("edition"),
        DELIVERY.c.subscriber_id == bindparam("subscriber"),
    )
    .values({column: bindparam(f"new_{column}") for column in COLUMNS})
)


class _Locked(NamedTuple):
    """A delivery, locked; whether its provider's events are the last word, not its acceptance."""

    subscriber_id: int
    lane: LaneKey
    tells_later: bool
    row: Row


def _locked(session: Session, edition_id: int, subscriber_ids: Iterable[int]) -> list[_Locked]:
    places = (DELIVERY.c.subscriber_id, BATCH.c.provider, BATCH.c.lane, BATCH.c.tells_later)
    rows = session.execute(
        select(*places, *(DELIVERY.c[column] for column in COLUMNS))
        .join_from(DELIVERY, BATCH, BATCH.c.id == DELIVERY.c.batch_id)
        .where(
            DELIVERY.c.edition_id == edition_id,
            DELIVERY.c.subscriber_id.in_(subscriber_ids),
        )
        .order_by(DELIVERY.c.subscriber_id)
        .with_for_update(of=DELIVERY)
    )
    return [
        _Locked(
            reader, LaneKey(provider, lane), bool(told), dict(zip(COLUMNS, columns, strict=True))
        )
        for reader, provider, lane, told, *columns in rows
    ]


def add_to_tally(session: Session, edition_id: int, weight: Weight) -> None:
    """Add to what the bounce brake weighs."""
    if not weight.settled and not weight.hard:
        return
    row = {"edition_id": edition_id, "settled": weight.settled, "hard": weight.hard}
    session.execute(_adding(session.get_bind().dialect.name), row)


@cache
def _adding(dialect: str) -> Insert:
    """Built once: a large send adds every few hundred messages."""
    fresh = INSERTS[dialect](BOUNCE_TALLY)
    return fresh.on_conflict_do_update(
        index_elements=["edition_id"],
        set_={
            "settled": BOUNCE_TALLY.c.settled + fresh.excluded.settled,
            "hard": BOUNCE_TALLY.c.hard + fresh.excluded.hard,
        },
    )
