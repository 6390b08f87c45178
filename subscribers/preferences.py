"""What readers choose for themselves: topics, a pause, language, time zone, tracking, name.

A link in an edition may change all of it but grant tracking or the name: for those the caller
asks for a freshly mailed link first, since editions are forwarded.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import available_timezones

from sqlmodel import Session, col, select

from subscribers import consent, suppression
from subscribers.addresses import clean_name, mask
from subscribers.consent import Agreement
from subscribers.errors import InvalidPreference
from subscribers.models import State, Subscriber, Subscription, Tracking
from subscribers.readers import find, find_to_change
from subscribers.states import Act, move

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")  # BCP 47, as far as people use it


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
) -> None:
    """Mute exactly these topics; raise InvalidPreference for one that is not declared."""
    unknown = sorted(set(topics) - set(declared))
    if unknown:
        raise InvalidPreference(f"There is no topic {', '.join(unknown)}.")
    _, subscription = find_to_change(session, subscriber_id, publication_id)
    subscription.muted = " ".join(sorted(set(topics)))


def pause(
    session: Session, subscriber_id: int, publication_id: int, *, until: float, now: float
) -> None:
    """Send nothing until a time; raises ImpossibleTransition for who is not subscribed."""
    if until <= now:
        raise InvalidPreference("A pause ends in the future.")
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    move(subscription, Act.PAUSE, now=now)
    subscription.paused_until = until
    _refresh(session, subscriber)


def resume(session: Session, subscriber_id: int, publication_id: int, *, now: float) -> None:
    """End a pause early."""
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    move(subscription, Act.RESUME, now=now)
    _refresh(session, subscriber)


def resume_due(session: Session, *, now: float, limit: int = 500) -> int:
    """End the pauses that are over; return how many. A duty of the worker."""
    due = session.exec(
        select(Subscription.subscriber_id, Subscription.publication_id)
        .where(col(Subscription.state) == State.PAUSED, col(Subscription.paused_until) <= now)
        .order_by(col(Subscription.subscriber_id))
        .limit(limit)
    ).all()
    for subscriber_id, publication_id in due:
        resume(session, subscriber_id, publication_id, now=now)
    return len(due)


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


def set_language(session: Session, subscriber_id: int, publication_id: int, language: str) -> None:
    """Set the language that a reader wants; empty: the publication's."""
    if language and not _LANGUAGE.fullmatch(language):
        raise InvalidPreference(f"{language[:40]!r} is not a language tag such as en or pt-BR.")
    find_to_change(session, subscriber_id, publication_id)[0].language = language


def set_time_zone(
    session: Session, subscriber_id: int, publication_id: int, time_zone: str
) -> None:
    """Set where a reader lives by the clock; empty: as the publication."""
    if time_zone and time_zone not in available_timezones():
        raise InvalidPreference(f"{time_zone[:40]!r} is not a time zone such as Europe/Paris.")
    find_to_change(session, subscriber_id, publication_id)[0].time_zone = time_zone


def set_name(session: Session, subscriber_id: int, publication_id: int, name: str) -> None:
    """Set a reader's name, made fit for a header."""
    find_to_change(session, subscriber_id, publication_id)[0].name = clean_name(name)


def _refresh(session: Session, subscriber: Subscriber) -> None:
    assert subscriber.email_key is not None
    suppression.refresh_mailable(session, subscriber.email_key)
