"""Freshly mailed links: for what is the reader's own alone, and not for whoever holds a mail.

A link carries the reader's `link_epoch`; using one raises it, so that each works once, and all
that were mailed before it are void with it.
"""

from dataclasses import dataclass

from sqlmodel import Session

from subscribers import guard, history, suppression
from subscribers.addresses import KeyedHash, hashed_key, parse
from subscribers.errors import LinkUsed
from subscribers.guard import Asker, GuardPolicy
from subscribers.models import Subscriber
from subscribers.readers import find_by_key_to_change


@dataclass(frozen=True, slots=True)
class FreshLink:
    """A link for the caller to mail, to the reader's own address."""

    subscriber_id: int
    email: str
    epoch: int


def request(
    session: Session,
    publication_id: int,
    email: str,
    policy: GuardPolicy,
    *,
    what: str,
    source: str,
    ip: str,
    hash_of: KeyedHash,
    now: float,
) -> FreshLink | None:
    """Take the request for a link from anyone; None where there is nobody to mail it to.

    It counts against the same caps as sign-ups do: whatever strangers ask for, an address gets no
    more mails. `what` stands in the reader's timeline. Raises InvalidAddress.
    """
    address = parse(email)
    asker = Asker(publication_id, address, ip)
    if not all(guard.allow(session, policy, [asker], hash_of=hash_of, now=now)):
        return None
    reader = find_by_key_to_change(session, address.key)  # an erasure comes before it, or after
    live = suppression.find_live(session, [address.key, hashed_key(address.key, hash_of)])
    if live is not None and live.reason not in suppression.LIFTED_BY_READER:
        return None
    if reader is None or reader.id is None or reader.email is None:
        return None
    history.note(session, reader.id, publication_id, what, now=now, source=source)
    return FreshLink(reader.id, reader.email, reader.link_epoch)


def check(session: Session, subscriber_id: int, epoch: int) -> Subscriber:
    """Return the reader of a link that still works, and leave it so; raise LinkUsed."""
    return _working(session.get(Subscriber, subscriber_id), epoch)


def use(session: Session, subscriber_id: int, epoch: int) -> Subscriber:
    """Use a link up and return its reader; raise LinkUsed for one that was used or is void."""
    reader = session.get(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    reader = _working(reader, epoch)
    reader.link_epoch += 1
    return reader


def _working(reader: Subscriber | None, epoch: int) -> Subscriber:
    if reader is None or reader.erased_at is not None or reader.link_epoch != epoch:
        raise LinkUsed("Such a link works once. If that was not all, ask for a new one.")
    return reader
