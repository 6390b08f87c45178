"""Which delivery and which reader an event is about."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, or_, select
from sqlmodel import Session

from newsletter.dispatch.mailing import notice_key
from newsletter.dispatch.models import DELIVERY, NOTICE
from newsletter.dispatch.states import DeliveryState
from newsletter.feedback.events import DeliveryKey, NormalEvent, PlacedEvent
from subscribers.addresses import parse
from subscribers.models import SUBSCRIBER

_NOTICE = re.compile(r"notice-(\d{1,18})", re.ASCII)
"""What `notice_key` makes."""
NEVER_SENT = (
    DeliveryState.EXCLUDED,
    DeliveryState.CANCELLED,
    DeliveryState.EXPIRED,
)


@dataclass(frozen=True)
class _Readers:
    """Subscriber ids by address key, and back."""

    ids: dict[str, int]
    keys: dict[int, str]


def place(session: Session, events: Sequence[NormalEvent]) -> list[PlacedEvent]:
    """Find what each event is about.

    An event that lost its reference (an asynchronous bounce) is about its address's latest
    delivery. One with a reference that names no delivery of ours (a notice, a test mail, somebody
    else's on the same account) is about its address only; where that isn't told, about the address
    that the notice went to.
    """
    events = _addressed(session, events)
    named = _existing(session, (DeliveryKey.of(event.reference) for event in events))
    readers = _readers(session, events, named)
    lost = {event.email for event in events if not event.reference}
    latest = _latest(session, [readers.ids[email] for email in lost if email in readers.ids])
    return [_place(event, named, readers, latest) for event in events]


def _place(
    event: NormalEvent,
    named: frozenset[DeliveryKey],
    readers: _Readers,
    latest: dict[int, DeliveryKey],
) -> PlacedEvent:
    delivery = DeliveryKey.of(event.reference)
    if delivery not in named:
        delivery = None
    reader_id = readers.ids.get(event.email)
    if not event.email and delivery is not None:
        reader_id = delivery.subscriber_id
    if not event.reference and reader_id is not None:
        delivery = latest.get(reader_id)
    key = None if reader_id is None else readers.keys.get(reader_id)
    return PlacedEvent(event, delivery, reader_id, key)


def _addressed(session: Session, events: Sequence[NormalEvent]) -> list[NormalEvent]:
    """The events; those of notices that came without an address with the one that it went to."""
    notices = {_notice_id(event.reference) for event in events if not event.email} - {None}
    if not notices:
        return list(events)
    rows = session.execute(select(NOTICE.c.id, NOTICE.c.email).where(NOTICE.c.id.in_(notices)))
    keys = {notice_key(row.id): parse(row.email).key for row in rows if row.email}
    return [
        event if event.email else replace(event, email=keys.get(event.reference, ""))
        for event in events
    ]


def _notice_id(reference: str) -> int | None:
    match = _NOTICE.fullmatch(reference)
    return None if match is None else int(match[1])


def _existing(session: Session, wanted: Iterable[DeliveryKey | None]) -> frozenset[DeliveryKey]:
    by_edition: dict[int, set[int]] = defaultdict(set)
    for key in wanted:
        if key is not None:
            by_edition[key.edition_id].add(key.subscriber_id)
    found: set[DeliveryKey] = set()
    for edition_id, subscriber_ids in by_edition.items():
        rows = session.execute(
            select(DELIVERY.c.subscriber_id).where(
                DELIVERY.c.edition_id == edition_id,
                DELIVERY.c.subscriber_id.in_(subscriber_ids),
            )
        )
        found.update(DeliveryKey(edition_id, row) for row in rows.scalars())
    return frozenset(found)


def _readers(
    session: Session, events: Sequence[NormalEvent], named: frozenset[DeliveryKey]
) -> _Readers:
    emails = {event.email for event in events if event.email}
    ids = {key.subscriber_id for key in named}
    rows = session.execute(
        select(SUBSCRIBER.c.id, SUBSCRIBER.c.email_key).where(
            SUBSCRIBER.c.email_key.is_not(None),
            or_(SUBSCRIBER.c.email_key.in_(emails), SUBSCRIBER.c.id.in_(ids)),
        )
    )
    keys = {row.id: row.email_key for row in rows}
    return _Readers({key: reader_id for reader_id, key in keys.items()}, keys)


def _latest(session: Session, reader_ids: Sequence[int]) -> dict[int, DeliveryKey]:
    """The delivery that each of these readers was sent last."""
    if not reader_ids:
        return {}
    sent = func.coalesce(DELIVERY.c.accepted_at, DELIVERY.c.unsure_at, 0.0)
    ranked = (
        select(
            DELIVERY.c.edition_id,
            DELIVERY.c.subscriber_id,
            func.row_number()
            .over(
                partition_by=DELIVERY.c.subscriber_id,
                order_by=(sent.desc(), DELIVERY.c.edition_id.desc()),
            )
            .label("place"),
        )
        .where(DELIVERY.c.subscriber_id.in_(reader_ids), DELIVERY.c.state.not_in(NEVER_SENT))
        .subquery()
    )
    rows = session.execute(
        select(ranked.c.edition_id, ranked.c.subscriber_id).where(ranked.c.place == 1)
    )
    return {row.subscriber_id: DeliveryKey(*row) for row in rows}
