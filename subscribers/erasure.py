"""Erasing a person (GDPR Art. 17): what stays is a row with an id and nothing personal."""

from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from subscribers import consent, person, suppression, unsubscribe
from subscribers.addresses import KeyedHash, hashed_key
from subscribers.consent import Agreement
from subscribers.models import ConsentRecord, Happening, Suppression, SuppressionReason, Tracking

_PERSONAL: dict[str, Any] = {
    "email": None, "email_key": None, "name": "", "language": "", "time_zone": "",
    "attributes": {}, "tags": [],
}  # fmt: skip


def erase(
    session: Session, subscriber_id: int, act: Agreement, *, hash_of: KeyedHash, now: float
) -> None:
    """Erase a person from this wing's tables.

    Every subscription and all tracking end, on the record. The address's suppressions are deleted but for one
    under a keyed hash, so that no import brings the person back; with the hash alone nobody can
    be found. Its reason stays that of the suppression there was, and what lifts it stays the same
    (`suppression.py`); a fresh confirmation makes a new reader. Raises UnknownReader, also for
    somebody erased before.
    """
    unsubscribe.leave_all(session, subscriber_id, act, now=now, reason="erased")
    for subscription in person.subscriptions(session, subscriber_id):
        consent.set_tracking(session, subscription, Tracking.OFF, act, now=now)
        subscription.end_reason = "erased"
        subscription.muted = ""
    erased = person.find(session, subscriber_id)
    assert erased.email_key is not None
    _keep_only_hash(session, erased.email_key, hash_of, now=now)
    for field, nothing in _PERSONAL.items():
        setattr(erased, field, nothing)
    erased.erased_at = now
    session.flush()
    session.execute(delete(Happening).where(col(Happening.subscriber_id) == subscriber_id))
    session.execute(
        update(ConsentRecord)
        .where(col(ConsentRecord.subscriber_id) == subscriber_id)
        .values(ip="", note="")
    )


def _keep_only_hash(session: Session, email_key: str, hash_of: KeyedHash, *, now: float) -> None:
    keys = [email_key, hashed_key(email_key, hash_of)]
    live = suppression.find_live(session, keys)
    reason = SuppressionReason(live.reason) if live else SuppressionReason.ERASED
    for one in session.exec(select(Suppression).where(col(Suppression.email_key).in_(keys))):
        session.delete(one)
    session.flush()
    suppression.suppress(session, keys[1], reason, now=now, source="erasure")
