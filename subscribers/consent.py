"""The record of what readers agreed to and took back. It is only ever added to."""

from dataclasses import dataclass

from sqlmodel import Session

from subscribers import history
from subscribers.models import ConsentKind, ConsentRecord, Subscription, Tracking


@dataclass(frozen=True, slots=True)
class Agreement:
    """Where an act of consent, or its withdrawal, came from and what it said."""

    source: str
    """form, api, import, page, one-click, preferences, feedback, editor."""
    wording: str = ""
    wording_version: str = ""
    ip: str = ""
    """Empty where the publication's policy doesn't keep it."""
    note: str = ""


def grant(
    session: Session, subscription: Subscription, kind: ConsentKind, act: Agreement, *, now: float
) -> int:
    """Record that a reader agreed; return the record's id."""
    return _record(session, subscription, kind, act, granted=True, now=now)


def withdraw(
    session: Session, subscription: Subscription, kind: ConsentKind, act: Agreement, *, now: float
) -> int:
    """Record that a reader took back what they had agreed to; return the record's id."""
    return _record(session, subscription, kind, act, granted=False, now=now)


def set_tracking(
    session: Session, subscription: Subscription, tracking: Tracking, act: Agreement, *, now: float
) -> None:
    """Set how a reader is tracked, and record it where that grants or withdraws consent."""
    before, subscription.tracking = subscription.tracking, tracking
    if before == tracking:
        return
    if tracking == Tracking.LINKED:
        grant(session, subscription, ConsentKind.TRACKING, act, now=now)
    elif before == Tracking.LINKED or tracking == Tracking.OFF:
        withdraw(session, subscription, ConsentKind.TRACKING, act, now=now)


def _record(
    session: Session,
    subscription: Subscription,
    kind: ConsentKind,
    act: Agreement,
    *,
    granted: bool,
    now: float,
) -> int:
    if kind == ConsentKind.MAIL:
        history.keep_import(session, subscription)
    record = ConsentRecord(
        subscriber_id=subscription.subscriber_id,
        publication_id=subscription.publication_id,
        kind=kind,
        granted=granted,
        at=now,
        source=act.source,
        wording=act.wording,
        wording_version=act.wording_version,
        ip=act.ip,
        note=act.note,
    )
    session.add(record)
    session.flush()
    assert record.id is not None
    return record.id
