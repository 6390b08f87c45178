"""Counting the ledger: one statement for each group of numbers.

Counted from the `*_at` columns, which keep every word, and not from the state, which keeps the
last. A complaint proves that the mail arrived, so a complained delivery counts as delivered; a
bounced one does not, though a server may have taken it first. None is both.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, or_, select
from sqlmodel import Session

from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.states import DeliveryState
from newsletter.editions.models import EditionLink
from newsletter.feedback.models import EDITION_TALLY, LINK_READER
from newsletter.feedback.verdict import HitKind
from newsletter.reports.figures import Clicks, DeliveryFigures, LinkFigures, Reason, Tally


def _is_set(column: str) -> ColumnElement[bool]:
    return DELIVERY.c[column].is_not(None)


def _is(state: DeliveryState) -> ColumnElement[bool]:
    return DELIVERY.c.state == state


_COMPLAINED = _is_set("complained_at")
_BOUNCED = and_(_is_set("bounced_at"), ~_COMPLAINED)
_DELIVERED = or_(and_(_is_set("delivered_at"), ~_is_set("bounced_at")), _COMPLAINED)

CONDITIONS: dict[str, ColumnElement[bool]] = {
    "sent": _is_set("accepted_at"),
    "reported": and_(_is_set("accepted_at"), BATCH.c.tells_later.is_(True)),
    "delivered": _DELIVERED,
    "bounced": _BOUNCED,
    "complained": _COMPLAINED,
    "queued": _is(DeliveryState.QUEUED),
    "unsure": _is(DeliveryState.UNSURE),
    "assumed": DELIVERY.c.assumed.is_(True),
    "refused": _is(DeliveryState.REFUSED),
    "failed": _is(DeliveryState.FAILED),
    "expired": _is(DeliveryState.EXPIRED),
    "excluded": _is(DeliveryState.EXCLUDED),
    "cancelled": _is(DeliveryState.CANCELLED),
    "opens_people": _is_set("opened_at"),
    "opens_machine": _is_set("machine_opened_at"),
    "click_readers": _is_set("clicked_at"),
    "unsubscribed": _is_set("unsubscribed_at"),
}
"""The fields of `DeliveryFigures`, but for `recipients`, as conditions on a delivery in a batch."""


def figures_by_lane(session: Session, edition_id: int) -> dict[str, DeliveryFigures]:
    """Every figure of the ledger, by recipient domain group; one pass over the deliveries."""
    counts = (
        func.count(case((condition, 1))).label(name) for name, condition in CONDITIONS.items()
    )
    rows = session.execute(
        select(BATCH.c.lane, func.count().label("recipients"), *counts)
        .join_from(DELIVERY, BATCH, DELIVERY.c.batch_id == BATCH.c.id)
        .where(DELIVERY.c.edition_id == edition_id)
        .group_by(BATCH.c.lane)
        .order_by(BATCH.c.lane)
    ).mappings()
    return {row["lane"]: DeliveryFigures(**_without_lane(dict(row))) for row in rows}


def _without_lane(row: dict[str, Any]) -> dict[str, Any]:
    return {name: count for name, count in row.items() if name != "lane"}


def bounce_reasons(session: Session, edition_id: int) -> tuple[Reason, ...]:
    """Bounces by kind and code, the most frequent first."""
    return _reasons(session, edition_id, _BOUNCED, DELIVERY.c.bounce_kind)


def exclusion_reasons(session: Session, edition_id: int) -> tuple[Reason, ...]:
    """Who was left out since the freeze, by reason."""
    return _reasons(session, edition_id, _is(DeliveryState.EXCLUDED), DELIVERY.c.state)


def refusal_reasons(session: Session, edition_id: int) -> tuple[Reason, ...]:
    """Who was not taken by the provider, or not in all attempts, by its words."""
    turned_away = DELIVERY.c.state.in_((DeliveryState.REFUSED, DeliveryState.FAILED))
    return _reasons(session, edition_id, turned_away, DELIVERY.c.state)


def _reasons(
    session: Session, edition_id: int, condition: ColumnElement[bool], kind: ColumnElement[Any]
) -> tuple[Reason, ...]:
    count = func.count()
    rows = session.execute(
        select(kind, DELIVERY.c.reason, count)
        .where(DELIVERY.c.edition_id == edition_id, condition)
        .group_by(kind, DELIVERY.c.reason)
        .order_by(count.desc(), kind, DELIVERY.c.reason)
    )
    return tuple(Reason(kind or "unknown", reason or "unknown", n) for kind, reason, n in rows)


def counted_opens(session: Session, edition_id: int) -> Tally:
    """Opens that belong to the edition and to nobody in particular."""
    return _tally(session, edition_id).get((HitKind.OPEN, 0), Tally())


def link_figures(session: Session, edition_id: int) -> tuple[LinkFigures, ...]:
    """Every link of the edition with its clicks, in the order of the mail; unclicked ones too."""
    named = _named_clicks(session, edition_id)
    counted = _tally(session, edition_id)
    links: Sequence[Any] = session.execute(
        select(EditionLink.number, EditionLink.url, EditionLink.label)  # type: ignore[call-overload]
        .where(EditionLink.edition_id == edition_id)
        .order_by(EditionLink.number)
    ).all()
    return tuple(
        LinkFigures(
            number,
            url,
            label,
            named[number],
            counted.get((HitKind.CLICK, number), Tally()),
        )
        for number, url, label in links
    )


def _named_clicks(session: Session, edition_id: int) -> dict[int, Clicks]:
    rows = session.execute(
        select(
            LINK_READER.c.link,
            func.count(case((LINK_READER.c.people > 0, 1))),
            # PostgreSQL sums integers into a numeric
            cast(func.sum(LINK_READER.c.people), Integer),
            cast(func.sum(LINK_READER.c.machine), Integer),
        )
        .where(LINK_READER.c.edition_id == edition_id)
        .group_by(LINK_READER.c.link)
    )
    return defaultdict(Clicks, {link: Clicks(*clicks) for link, *clicks in rows})


def _tally(session: Session, edition_id: int) -> dict[tuple[str, int], Tally]:
    rows = session.execute(
        select(
            EDITION_TALLY.c.kind,
            EDITION_TALLY.c.link,
            EDITION_TALLY.c.people,
            EDITION_TALLY.c.machine,
        ).where(EDITION_TALLY.c.edition_id == edition_id)
    )
    return {(kind, link): Tally(people, machine) for kind, link, people, machine in rows}
