"""Signing up: a request by anyone, then a confirmation by the reader (confirmed opt-in).

Whoever asks gets the same answer, whether the address is new, pending, active or suppressed:
the form must not tell strangers who reads what. Only the mail differs, and only its reader
sees that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Row, and_, bindparam, select, update
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
from subscribers.consent import Agreement
from subscribers.errors import LinkUsed
from subscribers.guard import GuardPolicy
from subscribers.models import (
    SUBSCRIBER,
    SUBSCRIPTION,
    ConsentKind,
    State,
    Subscription,
    Suppression,
    Tracking,
)
from subscribers.readers import find_to_change
from subscribers.states import Act, move
from subscribers.upsert import add_new


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


def request(
    session: Session,
    publication_id: int,
    asked: Request,
    policy: SignupPolicy,
    *,
    hash_of: KeyedHash,
    now: float,
) -> Answer:
    """Take a request to subscribe; raise InvalidAddress or AddressRefused.

    Both errors depend on the address alone, not on who reads what. A request by itself changes
    nothing for a reader whom we know: an unsubscribed one stays so until they confirm.
    """
    address = parse(asked.email, policy.addresses)
    answer = Answer(None, suggest(address), doubts(address, policy.addresses))
    if asked.honeypot or not asked.challenge_passed:
        return answer
    if not guard.allows(
        session,
        policy.guard,
        publication_id=publication_id,
        address=address,
        ip=asked.ip,
        hash_of=hash_of,
        now=now,
    ):
        return answer
    known = _remember(session, publication_id, address, asked, now=now)
    keys = [address.key, hashed_key(address.key, hash_of)]
    suppressed = suppression.find_live(session, keys)
    whose = (known.subscriber_id, publication_id)
    history.note(session, *whose, "asked to subscribe", now=now, source=asked.source)
    return replace(answer, mail=_mail(known, publication_id, suppressed))


class _Known(NamedTuple):
    """What is known of who asks: plain values, since objects would take twice as long."""

    subscriber_id: int
    email: str
    link_epoch: int
    state: str
    confirm_epoch: int


def _remember(
    session: Session, publication_id: int, address: Address, asked: Request, *, now: float
) -> _Known:
    """Store a pending subscription, unless the reader has one; both are locked."""
    person = {
        "email": address.email,
        "email_key": address.key,
        "name": clean_name(asked.name),
        "language": "",
        "time_zone": "",
        "attributes": {},
        "tags": [],
        "link_epoch": 0,
        "created_at": now,
    }
    # Twice: a reader who was there may be forgotten (`forgetting.py`) before they are locked.
    found = _add_and_lock(session, person) or _add_and_lock(session, person)
    assert found is not None
    number, email, link_epoch = found
    run = session.connection().execute
    wanted = {
        "subscriber_id": number,
        "publication_id": publication_id,
        "state": State.PENDING.value,
        "mailable": False,
        "tracking": Tracking.COUNTED.value,
        "muted": "",
        "lane": address.lane,
        "created_at": now,
        "end_reason": "",
        "source": asked.source,
        "confirm_epoch": 0,
    }
    whose = {"reader": number, "publication": publication_id}
    if not add_new(session, SUBSCRIPTION, wanted, key="subscriber_id publication_id"):
        run(_ASKED_AGAIN, {**whose, "now": now})
    state, epoch = run(_SUBSCRIBED, whose).one()
    return _Known(number, email, link_epoch, state, epoch)


def _add_and_lock(session: Session, person: Mapping[str, object]) -> Row[int, str, int] | None:
    add_new(session, SUBSCRIBER, person, key="email_key")
    return session.connection().execute(_READER, {"key": person["email_key"]}).one_or_none()


_READER = (
    select(SUBSCRIBER.c.id, SUBSCRIBER.c.email, SUBSCRIBER.c.link_epoch)
    .where(SUBSCRIBER.c.email_key == bindparam("key"))
    .with_for_update()
)
_THEIRS = and_(
    SUBSCRIPTION.c.subscriber_id == bindparam("reader"),
    SUBSCRIPTION.c.publication_id == bindparam("publication"),
)
_SUBSCRIBED = select(SUBSCRIPTION.c.state, SUBSCRIPTION.c.confirm_epoch).where(_THEIRS)
# What nobody confirmed is not forgotten before its latest request is. Where it came from stays:
# whom an import brought is not forgotten at all, whatever a stranger types.
_ASKED_AGAIN = (
    update(SUBSCRIPTION)
    .where(_THEIRS, SUBSCRIPTION.c.state == State.PENDING.value)
    .values(created_at=bindparam("now"))
)


def _mail(known: _Known, publication_id: int, suppressed: Suppression | None) -> MailToSend | None:
    """Choose the mail: none to an address that its reader can't set free by confirming."""
    if suppressed is not None and suppressed.reason not in suppression.LIFTED_BY_READER:
        return None
    active = known.state == State.ACTIVE and suppressed is None
    return MailToSend(
        kind=MailKind.ALREADY_SUBSCRIBED if active else MailKind.CONFIRM,
        subscriber_id=known.subscriber_id,
        publication_id=publication_id,
        epoch=known.confirm_epoch,
        email=known.email,
        link_epoch=known.link_epoch,
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
