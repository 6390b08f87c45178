"""What events do to people: suppressions, ended subscriptions, and alerts where we are at fault.

Readers are taken in the order of their ids, and before the deliveries: everybody who locks both
locks the reader first.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, null, select
from sqlmodel import Session, col

from newsletter.dispatch.alerts import alert
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.editions.models import Edition
from newsletter.feedback.bounce_policy import (
    BOUNCES,
    SOFT_WINDOW,
    Consequence,
    Past,
    consequence,
    is_worn_out,
)
from newsletter.feedback.events import EventKind, PlacedEvent
from newsletter.feedback.models import EVENT
from subscribers.consent import Agreement
from subscribers.errors import UnknownReader
from subscribers.models import SuppressionReason
from subscribers.readers import find_by_key_to_change
from subscribers.suppression import suppress
from subscribers.unsubscribe import complain, leave

SOURCE = "feedback"


@dataclass(frozen=True)
class _Case:
    """One event that has a consequence, with the edition that it is about."""

    placed: PlacedEvent
    act: Consequence
    edition: Edition | None


def draw_consequences(session: Session, placed: Sequence[PlacedEvent], *, now: float) -> None:
    """Suppress, unsubscribe and alert as the bounce policy says, each reader in turn."""
    acts = [(one, consequence(one.event)) for one in placed]
    serious = [(one, act) for one, act in acts if act != Consequence.NONE]
    editions = _editions(session, [one for one, _ in serious])
    cases = [
        _Case(one, act, editions.get(one.delivery.edition_id) if one.delivery else None)
        for one, act in serious
    ]
    cases.sort(key=_order)
    worn_out = _worn_out(session, cases)
    for case in cases:
        _draw(session, case, worn_out, now=now)


def _order(case: _Case) -> tuple[bool, int, float]:
    """Readers by id; alerts after them, since two workers may wait for one another's alert."""
    return case.act == Consequence.ALERT, case.placed.reader_id or 0, case.placed.event.at


def _draw(session: Session, case: _Case, worn_out: frozenset[int], *, now: float) -> None:
    reader_id = case.placed.reader_id
    if case.act == Consequence.ALERT:
        _alert(session, case, now=now)
    elif case.act == Consequence.LEAVE:
        _leave(session, case, now=now)
    elif (email_key := _key_now(session, case)) is None:
        return
    elif case.act == Consequence.SUPPRESS:
        _suppress(session, email_key, case, SuppressionReason.HARD_BOUNCE, now=now)
    elif case.act == Consequence.COUNT_SOFT and reader_id in worn_out:
        _suppress(session, email_key, case, SuppressionReason.SOFT_BOUNCES, now=now)
    elif case.act == Consequence.COMPLAIN:
        complain(session, email_key, _agreement(case), now=now)


def _key_now(session: Session, case: _Case) -> str | None:
    """The reader's address key, the reader locked; None for who is no reader, or none any more.

    Strangers on a shared account are not ours; and who was erased while we waited for the lock
    must not be remembered by a suppression in clear.
    """
    key = case.placed.email_key
    gone = key is None or find_by_key_to_change(session, key) is None
    return None if gone else key


def _suppress(
    session: Session, email_key: str, case: _Case, reason: SuppressionReason, *, now: float
) -> None:
    note = _agreement(case).note
    suppress(session, email_key, reason, now=now, source=SOURCE, note=note)


def _leave(session: Session, case: _Case, *, now: float) -> None:
    """End the subscription to the publication that the mail was from."""
    if case.edition is None or case.placed.reader_id is None:
        return
    try:
        leave(
            session,
            case.placed.reader_id,
            case.edition.publication_id,
            _agreement(case),
            now=now,
            reason=SOURCE,
        )
    except UnknownReader:
        return  # erased, or never a reader of this publication: nothing left to end


def _agreement(case: _Case) -> Agreement:
    event = case.placed.event
    words = (event.provider, event.kind.value, event.reason or event.summary or "")
    return Agreement(SOURCE, note=" ".join(word for word in words if word))


def _alert(session: Session, case: _Case, *, now: float) -> None:
    """Tell a person, once for each edition and code, that somebody refuses our mail."""
    event, edition = case.placed.event, case.edition
    if edition is None:
        return
    alert(
        session,
        edition.publication_id,
        key=f"refused:{edition.key}:{event.bounce}:{event.code or ''}",
        subject=f"Edition {edition.name}: mail is being refused",
        lines=[
            f"{event.provider} says: {_without_stop(event.reason or event.summary or event.kind.value)}.",
            "This is about the sender or the message, not about the reader: nobody was suppressed.",
            "Look at SPF, DKIM, DMARC, the content and the block lists.",
        ],
        now=now,
    )


def _without_stop(sentence: str) -> str:
    return sentence.rstrip(" .")


def _editions(session: Session, placed: Sequence[PlacedEvent]) -> dict[int, Edition]:
    ids = {one.delivery.edition_id for one in placed if one.delivery is not None}
    if not ids:
        return {}
    rows = session.scalars(select(Edition).where(col(Edition.id).in_(ids)))
    return {edition.key: edition for edition in rows}


def _worn_out(session: Session, cases: Sequence[_Case]) -> frozenset[int]:
    """Readers whose soft bounces have come to enough days. New events are stored already."""
    soft = [case for case in cases if case.act == Consequence.COUNT_SOFT]
    ids = {case.placed.reader_id for case in soft if case.placed.reader_id is not None}
    if not ids:
        return frozenset()
    since = min(case.placed.event.at for case in soft) - SOFT_WINDOW
    histories: dict[int, list[Past]] = defaultdict(list)
    for rows in (_past_events(session, ids, since), _taken(session, ids, since)):
        for reader_id, edition_id, kind, bounce, at in rows:
            histories[reader_id].append(Past(edition_id, kind, bounce, at))
    return frozenset(reader_id for reader_id in ids if is_worn_out(histories[reader_id]))


def _past_events(
    session: Session, reader_ids: Collection[int], since: float
) -> Iterable[Sequence[Any]]:
    return session.execute(
        select(
            EVENT.c.subscriber_id,
            EVENT.c.edition_id,
            EVENT.c.kind,
            EVENT.c.bounce_kind,
            EVENT.c.at,
        ).where(
            EVENT.c.subscriber_id.in_(reader_ids),
            EVENT.c.at > since,
            EVENT.c.kind.in_((EventKind.DELIVERED, *BOUNCES)),
        )
    )


def _taken(session: Session, reader_ids: Collection[int], since: float) -> Iterable[Sequence[Any]]:
    """What was accepted by a provider that says no more, and has not come back: it arrived."""
    return session.execute(
        select(
            DELIVERY.c.subscriber_id,
            DELIVERY.c.edition_id,
            literal(EventKind.DELIVERED.value),
            null(),
            DELIVERY.c.accepted_at,
        )
        .join_from(DELIVERY, BATCH, DELIVERY.c.batch_id == BATCH.c.id)
        .where(
            DELIVERY.c.subscriber_id.in_(reader_ids),
            DELIVERY.c.accepted_at > since,
            DELIVERY.c.bounced_at.is_(None),
            BATCH.c.tells_later.is_not(True),
        )
    )
