"""What readers choose for themselves: topics, a pause, language, time zone, tracking, name.

A link in an edition may change all of it but grant tracking or the name: for those the caller
asks for a freshly mailed link first, since editions are forwarded.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlmodel import Session, col, select

from subscribers import consent, history, suppression
from subscribers.addresses import clean_name, mask
from subscribers.consent import Agreement
from subscribers.errors import InvalidPreference, UnknownReader, UnknownTimeZone
from subscribers.exports import iso
from subscribers.fields import is_language, is_time_zone
from subscribers.models import State, Subscriber, Subscription, Tracking
from subscribers.readers import find, find_to_change
from subscribers.states import Act, move

PAGE = "preferences"
"""Where a change comes from, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """A reader's choices, as their page shows them."""

    address: str
    """Masked."""
    name: str
    language: str
    time_zone: str
    state: str
    tracking: str
    muted: tuple[str, ...]
    paused_until: float | None


def show(session: Session, subscriber_id: int, publication_id: int) -> Preferences:
    """Collect a reader's choices; raise UnknownReader."""
    subscriber, subscription = find(session, subscriber_id, publication_id)
    return Preferences(
        address=mask(subscriber.email or ""),
        name=subscriber.name,
        language=subscriber.language,
        time_zone=subscriber.time_zone,
        state=subscription.state,
        tracking=subscription.tracking,
        muted=tuple(subscription.muted.split()),
        paused_until=subscription.paused_until,
    )


def mute(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    topics: Collection[str],
    *,
    declared: Collection[str],
    now: float,
) -> None:
    """Mute exactly these topics; raise InvalidPreference for one that is not declared."""
    unknown = sorted(set(topics) - set(declared))
    if unknown:
        raise InvalidPreference(f"There is no topic {', '.join(unknown)}.")
    _, subscription = find_to_change(session, subscriber_id, publication_id)
    muted = " ".join(sorted(set(topics)))
    if muted != subscription.muted:
        subscription.muted = muted
        _note(session, subscription, "topics", muted and f"without {muted}", now=now)


def pause(
    session: Session, subscriber_id: int, publication_id: int, *, until: float, now: float
) -> None:
    """Send nothing until a time; raises ImpossibleTransition for who is not subscribed."""
    if until <= now:
        raise InvalidPreference("A pause ends in the future.")
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    move(subscription, Act.PAUSE, now=now)
    if until != subscription.paused_until:
        subscription.paused_until = until
        _note(session, subscription, "paused", f"until {iso(until)}", now=now)
    _refresh(session, subscriber)


def resume(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    *,
    now: float,
    source: str = PAGE,
) -> None:
    """End a pause early."""
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    if move(subscription, Act.RESUME, now=now):
        _note(session, subscription, "pause ended", now=now, source=source)
    _refresh(session, subscriber)


def resume_due(session: Session, *, now: float, limit: int = 500) -> int:
    """End the pauses that are over; return how many were found. A duty of the worker."""
    due = session.exec(
        select(Subscription.subscriber_id, Subscription.publication_id)
        .where(col(Subscription.state) == State.PAUSED, col(Subscription.paused_until) <= now)
        .order_by(col(Subscription.subscriber_id))
        .limit(limit)
    ).all()
    for subscriber_id, publication_id in due:
        with suppress(UnknownReader):  # who was erased while we waited for the lock
            _resume_if_due(session, subscriber_id, publication_id, now=now)
    return len(due)


def _resume_if_due(
    session: Session, subscriber_id: int, publication_id: int, *, now: float
) -> None:
    """End a pause, unless they came back, left or made it longer while we waited for the lock."""
    _, subscription = find_to_change(session, subscriber_id, publication_id)
    if subscription.paused_until is not None and subscription.paused_until <= now:
        resume(session, subscriber_id, publication_id, now=now, source="its date")


def set_tracking(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    tracking: Tracking,
    act: Agreement,
    *,
    now: float,
) -> None:
    """Set how a reader is tracked, and record the consent or its withdrawal."""
    _, subscription = find_to_change(session, subscriber_id, publication_id)
    consent.set_tracking(session, subscription, tracking, act, now=now)


def set_language(
    session: Session, subscriber_id: int, publication_id: int, language: str, *, now: float
) -> None:
    """Set the language that a reader wants; empty: the publication's."""
    if language and not is_language(language):
        raise InvalidPreference(f"{language[:40]!r} is not a language tag such as en or pt-BR.")
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    if language != subscriber.language:
        subscriber.language = language
        _note(session, subscription, "language", language, now=now)


def set_time_zone(
    session: Session, subscriber_id: int, publication_id: int, time_zone: str, *, now: float
) -> None:
    """Set where a reader lives by the clock; empty: as the publication. Raises UnknownTimeZone."""
    if time_zone and not is_time_zone(time_zone):
        raise UnknownTimeZone(f"“{time_zone[:40]}” is no time zone: write one like Europe/Paris.")
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    if time_zone != subscriber.time_zone:
        subscriber.time_zone = time_zone
        _note(session, subscription, "time zone", time_zone, now=now)


def set_name(
    session: Session, subscriber_id: int, publication_id: int, name: str, *, now: float
) -> None:
    """Set a reader's name, made fit for a header."""
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    clean = clean_name(name)
    if clean != subscriber.name:
        subscriber.name = clean
        _note(session, subscription, "name", now=now)


def _note(
    session: Session,
    subscription: Subscription,
    what: str,
    note: str = "",
    *,
    now: float,
    source: str = PAGE,
) -> None:
    whose = (subscription.subscriber_id, subscription.publication_id)
    history.note(session, *whose, what, now=now, source=source, note=note)


def _refresh(session: Session, subscriber: Subscriber) -> None:
    assert subscriber.email_key is not None
    suppression.refresh_mailable(session, subscriber.email_key)
