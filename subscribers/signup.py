"""Signing up: a request by anyone, then a confirmation by the reader (confirmed opt-in).

Whoever asks gets the same answer, whether the address is new, pending, active or suppressed:
the form must not tell strangers who reads what. Only the mail differs, and only its reader
sees that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import compress
from typing import NamedTuple

from sqlalchemy import case, literal_column
from sqlmodel import Session

from subscribers import consent, guard, history, suppression
from subscribers.addresses import (
    ANY_ADDRESS,
    Address,
    AddressPolicy,
    KeyedHash,
    clean_name,
    doubts,
    hashed_key,
    parse,
    suggest,
)
from subscribers.bulk_insert import BulkInsert, offered
from subscribers.consent import Agreement
from subscribers.errors import LinkUsed
from subscribers.guard import Asker, GuardPolicy
from subscribers.models import (
    SUBSCRIBER,
    SUBSCRIPTION,
    ConsentKind,
    State,
    Subscription,
    Tracking,
)
from subscribers.readers import find_to_change
from subscribers.states import Act, move


@dataclass(frozen=True, slots=True)
class SignupPolicy:
    """What a publication lets strangers do at its form."""

    addresses: AddressPolicy = ANY_ADDRESS
    guard: GuardPolicy = field(default_factory=GuardPolicy)


@dataclass(frozen=True, slots=True)
class Request:
    """What came from a form or the API."""

    email: str
    source: str
    name: str = ""
    ip: str = ""
    honeypot: str = ""
    """The field that people don't see; whatever fills it in is a robot."""
    challenge_passed: bool = True
    """What the door's own test of whether a person asks said."""

    @property
    def is_from_a_person(self) -> bool:
        return self.challenge_passed and not self.honeypot


class MailKind(StrEnum):
    """Which notice to send."""

    CONFIRM = "confirm"
    ALREADY_SUBSCRIBED = "already_subscribed"


@dataclass(frozen=True, slots=True)
class MailToSend:
    """A notice for the caller to queue: its token is made of the three numbers.

    Nothing in it comes from the request, not even the address: that is the one which is stored.
    """

    kind: MailKind
    subscriber_id: int
    publication_id: int
    epoch: int
    email: str = ""
    link_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request. The page shows nothing of `mail`, only what is about the address."""

    mail: MailToSend | None
    suggestion: str | None
    """An address that was probably meant, to be shown and never applied."""
    doubts: tuple[str, ...] = ()
    """What may go wrong with the address, in sentences."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A request whose address was read. Each is itself: two alike are still two."""

    publication_id: int
    request: Request
    address: Address


def request(
    session: Session,
    publication_id: int,
    asked: Request,
    policy: SignupPolicy,
    *,
    hash_of: KeyedHash,
    now: float,
) -> Answer:
    """Take one request to subscribe; raise InvalidAddress or AddressRefused.

    Both errors depend on the address alone, not on who reads what.
    """
    address = parse(asked.email, policy.addresses)
    read = Asked(publication_id, asked, address)
    [mail] = take(session, [read], policy.guard, hash_of=hash_of, now=now)
    return Answer(mail, suggest(address), doubts(address, policy.addresses))


def take(
    session: Session,
    asked: Sequence[Asked],
    policy: GuardPolicy,
    *,
    hash_of: KeyedHash,
    now: float,
) -> list[MailToSend | None]:
    """Take requests to subscribe, in their order; return the mail that each is answered with.

    A request by itself changes nothing for a reader whom we know: an unsubscribed one stays so
    until they confirm. However many requests there are, six statements store them.
    """
    people = [one for one in asked if one.request.is_from_a_person]
    askers = [Asker(one.publication_id, one.address, one.request.ip) for one in people]
    allowed = guard.allow(session, policy, askers, hash_of=hash_of, now=now)
    welcome = list(compress(people, allowed))
    known = _remember(session, welcome, now=now)
    history.note_all(session, [_happening(one, *known[one], now=now) for one in welcome])
    suppressed = _suppressed(session, welcome, hash_of)
    mails = {one: _mail(*known[one], suppressed[one.address.key]) for one in welcome}
    return [mails.get(one) for one in asked]


class _Reader(NamedTuple):
    """Who asks, as stored: plain values, since objects would take twice as long."""

    email_key: str
    id: int
    email: str
    link_epoch: int


class _Standing(NamedTuple):
    """How their subscription stands."""

    subscriber_id: int
    publication_id: int
    state: str
    confirm_epoch: int


def _remember(
    session: Session, asked: Sequence[Asked], *, now: float
) -> dict[Asked, tuple[_Reader, _Standing]]:
    """Store a pending subscription for each, unless the reader has one; both are locked."""
    readers = _readers(session, asked, now=now)
    standings = _standings(session, asked, readers, now=now)
    found = [(one, readers[one.address.key]) for one in asked]
    return {one: (reader, standings[reader.id, one.publication_id]) for one, reader in found}


def _readers(session: Session, asked: Sequence[Asked], *, now: float) -> dict[str, _Reader]:
    """Store a reader for each address key, unless there is one."""
    first = {one.address.key: one for one in reversed(asked)}
    found = _ADD_READERS.run(session, [_person(first[key], now=now) for key in sorted(first)])
    return {row.email_key: _Reader._make(row) for row in found}


def _standings(
    session: Session, asked: Sequence[Asked], readers: Mapping[str, _Reader], *, now: float
) -> dict[tuple[int, int], _Standing]:
    """Store a subscription for each reader and publication, unless there is one."""
    first = {(readers[one.address.key].id, one.publication_id): one for one in reversed(asked)}
    wanted = [_pending(*key, first[key], now=now) for key in sorted(first)]
    found = _ADD_SUBSCRIPTIONS.run(session, wanted)
    return {(row.subscriber_id, row.publication_id): _Standing._make(row) for row in found}


def _person(asked: Asked, *, now: float) -> dict[str, object]:
    return {
        "email": asked.address.email,
        "email_key": asked.address.key,
        "name": clean_name(asked.request.name),
        "language": "",
        "time_zone": "",
        "attributes": {},
        "tags": [],
        "link_epoch": 0,
        "created_at": now,
    }


def _pending(
    subscriber_id: int, publication_id: int, asked: Asked, *, now: float
) -> dict[str, object]:
    return {
        "subscriber_id": subscriber_id,
        "publication_id": publication_id,
        "state": State.PENDING.value,
        "mailable": False,
        "tracking": Tracking.COUNTED.value,
        "muted": "",
        "lane": asked.address.lane,
        "created_at": now,
        "end_reason": "",
        "source": asked.request.source,
        "confirm_epoch": 0,
    }


def _happening(
    asked: Asked, reader: _Reader, standing: _Standing, *, now: float
) -> dict[str, object]:
    whose, source = (reader.id, standing.publication_id), asked.request.source
    return history.happening(*whose, "asked to subscribe", now=now, source=source)


# Whoever is there already stays as they are, and is locked.
_ADD_READERS = BulkInsert(
    SUBSCRIBER,
    (
        "email",
        "email_key",
        "name",
        "language",
        "time_zone",
        "attributes",
        "tags",
        "link_epoch",
        "created_at",
    ),
    key=["email_key"],
    change={"link_epoch": SUBSCRIBER.c.link_epoch},
    returning=[SUBSCRIBER.c[name] for name in _Reader._fields],
)
# What nobody confirmed is not forgotten before its latest request is. Where it came from stays:
# whom an import brought is not forgotten at all, whatever a stranger types.
_ADD_SUBSCRIPTIONS = BulkInsert(
    SUBSCRIPTION,
    (
        "subscriber_id",
        "publication_id",
        "state",
        "mailable",
        "tracking",
        "muted",
        "lane",
        "created_at",
        "end_reason",
        "source",
        "confirm_epoch",
    ),
    key=["subscriber_id", "publication_id"],
    change={
        "created_at": case(
            (SUBSCRIPTION.c.state == literal_column(f"'{State.PENDING}'"), offered("created_at")),
            else_=SUBSCRIPTION.c.created_at,
        )
    },
    returning=[SUBSCRIPTION.c[name] for name in _Standing._fields],
)


def _suppressed(
    session: Session, asked: Sequence[Asked], hash_of: KeyedHash
) -> dict[str, set[str]]:
    """The reasons for which each address, by its key, gets no mail."""
    hashed = {one.address.key: hashed_key(one.address.key, hash_of) for one in asked}
    live = suppression.live_reasons(session, [*hashed, *hashed.values()])
    return {
        key: {live[known] for known in (key, hidden) if known in live}
        for key, hidden in hashed.items()
    }


def _mail(reader: _Reader, standing: _Standing, suppressed: set[str]) -> MailToSend | None:
    """Choose the mail: none to an address that its reader can't set free by confirming."""
    if suppressed - suppression.LIFTED_BY_READER:
        return None
    active = standing.state == State.ACTIVE and not suppressed
    return MailToSend(
        kind=MailKind.ALREADY_SUBSCRIBED if active else MailKind.CONFIRM,
        subscriber_id=reader.id,
        publication_id=standing.publication_id,
        epoch=standing.confirm_epoch,
        email=reader.email,
        link_epoch=reader.link_epoch,
    )


def confirm(
    session: Session,
    mailed: MailToSend,
    act: Agreement,
    *,
    tracking: Tracking | None,
    hash_of: KeyedHash,
    now: float,
) -> Subscription:
    """Make a subscription active by the link from a confirmation mail.

    The caller has checked the token's signature and age; that it works once is checked here.
    It lifts the address's suppression where a reader may (`suppression.py`), since whoever
    holds the link just read our mail. `tracking` None leaves it as it is.

    Raises LinkUsed for a link that was used or made void, UnknownReader for somebody erased.
    """
    subscriber, subscription = find_to_change(session, mailed.subscriber_id, mailed.publication_id)
    check_unused(subscription, mailed)
    subscription.confirm_epoch += 1
    move(subscription, Act.CONFIRM, now=now)
    subscription.confirmed_at = now
    subscription.consent_id = consent.grant(session, subscription, ConsentKind.MAIL, act, now=now)
    if tracking is not None:
        consent.set_tracking(session, subscription, tracking, act, now=now)
    assert subscriber.email_key is not None
    suppression.lift_by_reader(session, subscriber.email_key, hash_of, now=now)
    return subscription


def check_unused(subscription: Subscription, mailed: MailToSend) -> None:
    """Raise LinkUsed for a link to confirm that was used or made void."""
    if subscription.confirm_epoch != mailed.epoch:
        raise LinkUsed("If that was you, all is well. If you aren't subscribed, sign up once more.")
