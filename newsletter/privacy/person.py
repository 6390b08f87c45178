"""All that the whole house keeps about one person, and all that happened to them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from newsletter.dispatch.models import Delivery, Notice
from newsletter.dispatch.states import DeliveryState
from newsletter.editions.models import Edition, EditionLink
from newsletter.feedback.models import Event, LinkReader
from subscribers import history, person
from subscribers.history import Told

HAPPENED: Mapping[str, str] = {
    "accepted_at": "handed over",
    "deferred_at": "deferred by the server",
    "delivered_at": "delivered",
    "bounced_at": "bounced",
    "complained_at": "reported as spam",
    "opened_at": "opened",
    "machine_opened_at": "opened automatically",
    "clicked_at": "clicked",
    "unsubscribed_at": "unsubscribed by its link",
    "unsure_at": "not confirmed by the provider",
}
"""Column of a delivery -> its words in the timeline."""
NOT_SENT = frozenset(
    {
        DeliveryState.REFUSED,
        DeliveryState.FAILED,
        DeliveryState.EXCLUDED,
        DeliveryState.EXPIRED,
        DeliveryState.CANCELLED,
    }
)
"""What left no time behind: told at the time when the edition began to go out."""
_OURS = {"batch_id", "position", "subscriber_id", "edition_id", "assumed"}
"""Of a delivery, what says nothing about the person."""


def whole_person(session: Session, subscriber_id: int) -> dict[str, Any]:
    """Collect everything about a person, ready for JSON (GDPR Art. 15 and 20).

    Times are ISO 8601. Raises UnknownReader.
    """
    return {
        **person.person_data(session, subscriber_id),
        "deliveries": [
            {"edition": edition.name, **_readable(delivery.model_dump(exclude=_OURS))}
            for delivery, edition in _deliveries(session, subscriber_id)
        ],
        "clicks": _clicks(session, subscriber_id),
        "events": [
            _readable(event.model_dump(include={"kind", "at", "code", "reason"}))
            for event in _events(session, subscriber_id)
        ],
        "mails": [
            _readable(notice.model_dump(include={"kind", "email", "created_at", "sent_at"}))
            for notice in _notices(session, subscriber_id)
        ],
        "timeline": [
            _readable({"at": one.at, "what": one.what, "source": one.source, "note": one.note})
            for one in whole_timeline(session, subscriber_id)
        ],
    }


def whole_timeline(session: Session, subscriber_id: int) -> tuple[Told, ...]:
    """Tell everything that happened to a reader, newest first; raises UnknownReader."""
    told = [
        *reversed(history.timeline(session, subscriber_id)),
        *(line for pair in _deliveries(session, subscriber_id) for line in _of_delivery(*pair)),
        *(_of_notice(notice) for notice in _notices(session, subscriber_id)),
    ]
    return history.newest_first(told)


def _of_delivery(delivery: Delivery, edition: Edition) -> list[Told]:
    told = [
        Told(at, f"edition {edition.name} {words}", edition.publication_id, "", _why(column, delivery))
        for column, words in HAPPENED.items()
        if (at := getattr(delivery, column)) is not None
    ]  # fmt: skip
    if delivery.state in NOT_SENT:
        at, what = edition.started_at or 0.0, f"edition {edition.name} {delivery.state}"
        told.append(Told(at, what, edition.publication_id, "", delivery.reason or ""))
    return told


def _why(column: str, delivery: Delivery) -> str:
    return (delivery.reason or "") if column == "bounced_at" else ""


def _of_notice(notice: Notice) -> Told:
    if notice.sent_at is not None:
        return Told(notice.sent_at, f"mail sent: {notice.kind}", notice.publication_id, "", "")
    what = f"mail {notice.state}: {notice.kind}"
    return Told(notice.created_at, what, notice.publication_id, "", "")


def _deliveries(session: Session, subscriber_id: int) -> list[tuple[Delivery, Edition]]:
    rows = session.exec(
        select(Delivery, Edition)
        .join(Edition, col(Edition.id) == col(Delivery.edition_id))
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(col(Delivery.edition_id))
    )
    return [(delivery, edition) for delivery, edition in rows]


def _clicks(session: Session, subscriber_id: int) -> list[dict[str, Any]]:
    editions = [edition for _, edition in _deliveries(session, subscriber_id)]
    rows = session.exec(
        select(LinkReader, EditionLink)
        .join(
            EditionLink,
            (col(EditionLink.edition_id) == col(LinkReader.edition_id))
            & (col(EditionLink.number) == col(LinkReader.link)),
        )
        .where(
            LinkReader.subscriber_id == subscriber_id,
            col(LinkReader.edition_id).in_([edition.key for edition in editions]),
        )
        .order_by(col(LinkReader.first_at))
    )
    return [
        _readable({"url": link.url, "first_at": reader.first_at, "people": reader.people,
                   "machine": reader.machine})
        for reader, link in rows
    ]  # fmt: skip


def _events(session: Session, subscriber_id: int) -> list[Event]:
    return list(
        session.exec(
            select(Event).where(Event.subscriber_id == subscriber_id).order_by(col(Event.at))
        )
    )


def _notices(session: Session, subscriber_id: int) -> list[Notice]:
    return list(
        session.exec(
            select(Notice).where(Notice.subscriber_id == subscriber_id).order_by(col(Notice.id))
        )
    )


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _iso(value) if name.endswith("_at") or name == "at" else value
        for name, value in row.items()
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
