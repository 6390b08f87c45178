"""Erasing a person from the whole house (GDPR Art. 17).

The subscriber service erases what it keeps; this clears what the rest of the house knows: mails
that wait and the providers' words in the same transaction, and webhooks as they came after it,
a few at a time, since all of them take longer than sign-ups should wait. Figures of sent editions stay: they
hang on a number that names nobody any more.
"""

import json
import re
from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Row, delete, select, update
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.database import Database
from newsletter.dispatch.models import DELIVERY, NOTICE
from newsletter.feedback.models import EVENT, HIT, INBOX_ITEM
from subscribers import erasure, person
from subscribers.addresses import KeyedHash
from subscribers.among import among
from subscribers.audience import NotMailable
from subscribers.consent import Agreement

_CODES = re.compile(r"(?:\d{3}\b ?)?(?:\d\.\d{1,3}\.\d{1,3})?")
"""With which a server's words begin (RFC 5321, RFC 3463)."""
AT_ONCE = 50
"""Webhooks looked through at a time: some megabytes."""


def erase_person(
    session: Session,
    subscriber_id: int,
    act: Agreement,
    *,
    by: str,
    hash_of: KeyedHash,
    now: float,
) -> str:
    """Erase a person; return their address key, for `empty_webhooks` once this is committed.

    `by` stands in the audit log. Raises UnknownReader.
    """
    email_key = person.find(session, subscriber_id).email_key or ""
    erasure.erase(session, subscriber_id, act, hash_of=hash_of, now=now)
    _forget_mails(session, subscriber_id)
    audit.record(
        session, actor=by, act="subscriber.erase", subject=f"subscriber {subscriber_id}", now=now
    )
    return email_key


def empty_webhooks(database: Database, email_key: str) -> None:
    """Empty the bodies, read already, that name an address, as UTF-8 or with JSON's escapes.

    What the worker has not read yet goes when its time is over (`retention.py`), since it holds
    news of others, too; and so does what a crash in the middle of this leaves.
    """
    names = (email_key.encode(), json.dumps(email_key)[1:-1].lower().encode())
    after = 0
    while kept := _kept_webhooks(database, after):
        after = kept[-1].id
        theirs = [row.id for row in kept if any(name in row.body.lower() for name in names)]
        if theirs:
            database.transact(partial(_empty, ids=theirs))


def _kept_webhooks(database: Database, after: int) -> Sequence[Row[int, bytes]]:
    """Some that were read; without a lock, since nothing changes their bodies any more."""
    with database.reading() as session:
        return session.execute(
            select(INBOX_ITEM.c.id, INBOX_ITEM.c.body)
            .where(INBOX_ITEM.c.id > after, INBOX_ITEM.c.processed_at.is_not(None))
            .order_by(INBOX_ITEM.c.id)
            .limit(AT_ONCE)
        ).all()


def _empty(session: Session, *, ids: Collection[int]) -> None:
    session.execute(update(INBOX_ITEM).where(among(INBOX_ITEM.c.id, ids)).values(body=b""))


def _forget_mails(session: Session, subscriber_id: int) -> None:
    """Small mails, queued or sent, and whatever was said about an edition's."""
    session.execute(delete(NOTICE).where(NOTICE.c.subscriber_id == subscriber_id))
    session.execute(delete(HIT).where(HIT.c.subscriber_id == subscriber_id))
    session.execute(
        update(EVENT).where(EVENT.c.subscriber_id == subscriber_id).values(reason=None, raw={})
    )
    said = session.execute(
        select(DELIVERY.c.edition_id, DELIVERY.c.reason).where(
            DELIVERY.c.subscriber_id == subscriber_id, DELIVERY.c.reason.is_not(None)
        )
    ).all()
    for edition_id, reason in said:
        session.execute(
            update(DELIVERY)
            .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.subscriber_id == subscriber_id)
            .values(reason=_without_their_words(reason))
        )


def _without_their_words(reason: str) -> str | None:
    """A reason of ours, or the codes of a server's, whose words may name the reader."""
    if reason in set(NotMailable):
        return reason
    codes = _CODES.match(reason)
    return (codes[0].strip() if codes else "") or None
