"""A person's own: all that is kept about them, what happened to them, and its erasure."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from subscribers import suppression, unsubscribe
from subscribers.addresses import KeyedHash, hashed_key
from subscribers.consent import Agreement
from subscribers.errors import UnknownReader
from subscribers.exports import iso
from subscribers.models import (
    ConsentRecord,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)

_PERSONAL: dict[str, Any] = {
    "email": None, "email_key": None, "name": "", "language": "", "time_zone": "",
    "attributes": {}, "tags": [],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a reader's timeline."""

    at: float
    what: str
    publication_id: int | None
    source: str
    note: str


def person_data(session: Session, subscriber_id: int) -> dict[str, Any]:
    """Collect all that this wing keeps about a person, ready for JSON (GDPR Art. 15 and 20).

    Times are ISO 8601. Raises UnknownReader.
    """
    person = _find(session, subscriber_id)
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
            for one in _subscriptions(session, subscriber_id)
        ],
        "consent": [
            _readable(one.model_dump(exclude={"subscriber_id"}))
            for one in _consents(session, subscriber_id)
        ],
        "suppressions": [
            _readable(one.model_dump(exclude={"id"})) for one in _suppressions(session, person)
        ],
    }


def timeline(session: Session, subscriber_id: int) -> tuple[Happening, ...]:
    """Tell what happened to a reader, newest first; raises UnknownReader."""
    person = _find(session, subscriber_id)
    happened = [Happening(person.created_at, "created", None, "", "")]
    for record in _consents(session, subscriber_id):
        act = "granted" if record.granted else "withdrawn"
        happened.append(
            Happening(
                record.at, f"{record.kind} {act}", record.publication_id, record.source, record.note
            )
        )
    for one in _suppressions(session, person):
        happened.append(
            Happening(one.created_at, f"suppressed: {one.reason}", None, one.source, one.note)
        )
        if one.lifted_at is not None:
            happened.append(
                Happening(one.lifted_at, f"lifted: {one.reason}", None, one.lifted_by, "")
            )
    return tuple(sorted(happened, key=lambda each: each.at, reverse=True))


def erase(
    session: Session, subscriber_id: int, act: Agreement, *, hash_of: KeyedHash, now: float
) -> None:
    """Erase a person: what stays is a row with an id and no personal data (GDPR Art. 17).

    Every subscription ends, on the record. The address's suppressions are deleted but for one
    under a keyed hash, so that no import brings the person back; with the hash alone nobody can
    be found. Its reason stays that of the suppression there was, and what lifts it stays the same
    (`suppression.py`); a fresh confirmation makes a new reader. Raises UnknownReader, also for somebody erased before.
    """
    unsubscribe.leave_all(session, subscriber_id, act, now=now, reason="erased")
    person = _find(session, subscriber_id)
    assert person.email_key is not None
    _keep_only_hash(session, person.email_key, hash_of, now=now)
    for field, nothing in _PERSONAL.items():
        setattr(person, field, nothing)
    person.erased_at = now
    session.execute(
        update(ConsentRecord)
        .where(col(ConsentRecord.subscriber_id) == subscriber_id)
        .values(ip="", note="")
    )
    for subscription in _subscriptions(session, subscriber_id):
        subscription.end_reason = "erased"
        subscription.muted = ""
    session.flush()


def _keep_only_hash(session: Session, email_key: str, hash_of: KeyedHash, *, now: float) -> None:
    keys = [email_key, hashed_key(email_key, hash_of)]
    live = suppression.find_live(session, keys)
    reason = SuppressionReason(live.reason) if live else SuppressionReason.ERASED
    for one in session.exec(select(Suppression).where(col(Suppression.email_key).in_(keys))):
        session.delete(one)
    session.flush()
    suppression.suppress(session, keys[1], reason, now=now, source="erasure")


def _find(session: Session, subscriber_id: int) -> Subscriber:
    person = session.get(Subscriber, subscriber_id)
    if person is None or person.erased_at is not None:
        raise UnknownReader("There is no such reader; they may have been erased.")
    return person


def _subscriptions(session: Session, subscriber_id: int) -> list[Subscription]:
    return list(
        session.exec(
            select(Subscription)
            .where(col(Subscription.subscriber_id) == subscriber_id)
            .order_by(col(Subscription.publication_id))
        )
    )


def _consents(session: Session, subscriber_id: int) -> list[ConsentRecord]:
    """Their own records, and the imports' that their subscriptions point at."""
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


def _suppressions(session: Session, person: Subscriber) -> list[Suppression]:
    return list(
        session.exec(
            select(Suppression)
            .where(col(Suppression.email_key) == person.email_key)
            .order_by(col(Suppression.created_at))
        )
    )


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: iso(value) if name.endswith(("_at", "_until")) or name == "at" else value
        for name, value in row.items()
    }
