"""All that this wing keeps about one person."""

from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from subscribers.errors import UnknownReader
from subscribers.exports import iso
from subscribers.models import ConsentRecord, Subscriber, Subscription, Suppression


def person_data(session: Session, subscriber_id: int) -> dict[str, Any]:
    """Collect all that this wing keeps about a person, ready for JSON (GDPR Art. 15 and 20).

    Times are ISO 8601. What happened to them is `history.timeline`. Raises UnknownReader.
    """
    person = find(session, subscriber_id)
    return {
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "time_zone": person.time_zone,
        "attributes": person.attributes,
        "tags": person.tags,
        "created_at": iso(person.created_at),
        "subscriptions": [
            _readable(one.model_dump(exclude={"subscriber_id", "confirm_epoch", "mailable"}))
            for one in subscriptions(session, subscriber_id)
        ],
        "consent": [
            _readable(one.model_dump(exclude={"subscriber_id"}))
            for one in consents(session, subscriber_id)
        ],
        "suppressions": [
            _readable(one.model_dump(exclude={"id"})) for one in suppressions(session, person)
        ],
    }


def find(session: Session, subscriber_id: int) -> Subscriber:
    """Fetch a person; raise UnknownReader, also for somebody erased."""
    person = session.get(Subscriber, subscriber_id)
    if person is None or person.erased_at is not None:
        raise UnknownReader("There is no such reader; they may have been erased.")
    return person


def subscriptions(session: Session, subscriber_id: int) -> list[Subscription]:
    """Fetch a person's subscriptions, by publication."""
    return list(
        session.exec(
            select(Subscription)
            .where(col(Subscription.subscriber_id) == subscriber_id)
            .order_by(col(Subscription.publication_id))
        )
    )


def consents(session: Session, subscriber_id: int) -> list[ConsentRecord]:
    """Fetch their own records, and the imports' that their subscriptions point at; oldest first."""
    pointed = select(Subscription.consent_id).where(
        col(Subscription.subscriber_id) == subscriber_id
    )
    return list(
        session.exec(
            select(ConsentRecord)
            .where(
                or_(
                    col(ConsentRecord.subscriber_id) == subscriber_id,
                    col(ConsentRecord.id).in_(pointed),
                )
            )
            .order_by(col(ConsentRecord.at), col(ConsentRecord.id))
        )
    )


def suppressions(session: Session, person: Subscriber) -> list[Suppression]:
    """Fetch what stands, or stood, against a person's address; oldest first."""
    return list(
        session.exec(
            select(Suppression)
            .where(col(Suppression.email_key) == person.email_key)
            .order_by(col(Suppression.created_at), col(Suppression.id))
        )
    )


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: iso(value) if name.endswith(("_at", "_until")) or name == "at" else value
        for name, value in row.items()
    }
