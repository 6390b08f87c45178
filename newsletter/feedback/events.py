"""What providers report, in our own words, and stored once however often it is reported."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self

from sqlalchemy import select
from sqlmodel import Session

from newsletter.feedback.models import EVENT
from subscribers.among import among
from subscribers.models import SUBSCRIBER
from subscribers.upsert import insert

_REFERENCE = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


class EventKind(StrEnum):
    """What happened to a message."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REFUSED = "refused"  # bounced at the door: the provider would not take it
    DROPPED = "dropped"  # accepted, then never tried
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    OPENED = "opened"
    CLICKED = "clicked"
    UNKNOWN = "unknown"


class BounceKind(StrEnum):
    """Whose fault a bounce is."""

    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # there is, but not now
    BLOCK = "block"  # they don't want mail from us: our fault, never the reader's
    MESSAGE = "message"  # something is wrong with this very message
    DROPPED = "dropped"  # the provider did not even try


class Rejection(StrEnum):
    """Why a provider did not even try."""

    BOUNCED = "bounced"
    INVALID = "invalid"
    SPAM = "spam"  # this person complained before
    UNSUBSCRIBED = "unsubscribed"
    BLOCKED = "blocked"
    OTHER = "other"


class DeliveryKey(NamedTuple):
    """One edition for one subscriber."""

    edition_id: int
    subscriber_id: int

    @classmethod
    def of(cls, reference: str) -> Self | None:
        """Read the key that went out with a message; None for one that names no delivery."""
        match = _REFERENCE.fullmatch(reference)
        return None if match is None else cls(int(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class NormalEvent:
    """One event in our words; `raw` is the provider's own, without IP address and user agent.

    `reference` is the key that went out with the message ("EDITION-SUBSCRIBER" for a delivery,
    another word for notices and tests), empty where the provider lost it. `email` is the
    recipient's address key, empty where unknown. `at` is in seconds UTC. `code` is the enhanced
    status code (RFC 3463), `reason` the provider's words, `summary` a few of them for reports.
    """

    provider: str
    kind: EventKind
    at: float
    reference: str
    email: str
    raw: Mapping[str, Any]
    event_id: str | None = None
    url: str = ""
    code: str | None = None
    reason: str | None = None
    summary: str | None = None
    bounce: BounceKind | None = None
    rejection: Rejection | None = None

    @property
    def content_key(self) -> str:
        """The same for every copy of an event: retries may carry a new id, or none.

        The provider's own word stands in it, so that two events unknown to us stay two.
        """
        parts = (
            self.provider,
            self.reference or self.email,
            str(self.raw.get("event", self.kind)),
            repr(self.at),
            self.url,
        )
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """An event with what it is about: a delivery, and the reader whose address it names.

    The two differ where a reader changed their address after the mail: a bounce of the old
    address is news about the delivery, not about the new address.
    """

    event: NormalEvent
    delivery: DeliveryKey | None
    reader_id: int | None
    email_key: str | None

    @property
    def whose(self) -> int | None:
        """The reader in whose timeline it stands: the delivery's, before the address's."""
        return self.delivery.subscriber_id if self.delivery else self.reader_id


def store(session: Session, placed: Sequence[PlacedEvent]) -> list[PlacedEvent]:
    """Store events; return those that are new, which alone may take effect.

    Each once by the provider's id and once by content (two unique constraints), whichever worker
    comes first; sorted, so that two workers with the same events don't wait for each other.
    """
    by_content = {one.event.content_key: one for one in placed}
    if not by_content:
        return []
    statement = insert(session, EVENT).on_conflict_do_nothing().returning(EVENT.c.content_key)
    alive = _alive(session, by_content.values())
    rows = [_row(key, by_content[key], alive) for key in sorted(by_content)]
    new = set(session.execute(statement, rows).scalars())
    return [one for key, one in by_content.items() if key in new]


def _alive(session: Session, placed: Iterable[PlacedEvent]) -> frozenset[int]:
    """Of the readers whom events are about, those who are not erased."""
    ids = {one.whose for one in placed if one.whose is not None}
    found = session.execute(
        select(SUBSCRIBER.c.id).where(among(SUBSCRIBER.c.id, ids), SUBSCRIBER.c.erased_at.is_(None))
    )
    return frozenset(found.scalars())


def _row(content_key: str, placed: PlacedEvent, alive: Collection[int]) -> dict[str, Any]:
    """A row; without the provider's words, which like to name people, where it is of no reader.

    News of somebody erased comes late, and may have lost the reference that says whose it is.
    """
    event, delivery = placed.event, placed.delivery
    known = placed.whose in alive
    return {
        "provider": event.provider,
        "provider_event_id": event.event_id,
        "content_key": content_key,
        "kind": event.kind,
        "edition_id": delivery.edition_id if delivery else None,
        "subscriber_id": placed.whose,
        "at": event.at,
        "code": event.code,
        "bounce_kind": event.bounce,
        "reason": event.reason if known else None,
        "raw": dict(event.raw) if known else {},
    }
