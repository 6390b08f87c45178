"""Readers with a past in every table, for the tests of erasure and retention."""

import datetime as dt
import json

from sqlalchemy import select
from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch.queue import queue_notice
from newsletter.editions.models import Edition
from newsletter.feedback.inbox import receive
from newsletter.tables import metadata
from subscribers import signup
from subscribers.consent import Agreement
from subscribers.signup import Request, SignupPolicy
from tests.newsletter.dispatch.batches import add_batch, add_delivery

NOW = 1_790_000_000.0
DAY = 86400.0
FORM = Agreement("form", "Send it to me.", "1", ip="192.0.2.7")


def hash_of(key: str) -> str:
    return f"{sum(key.encode())}".zfill(8)


def everything(database: Database) -> str:
    """Every row of every table, as text."""
    with database.reading() as session:
        rows = [
            str(row._asdict())
            for table in metadata.sorted_tables
            for row in session.execute(select(table))
        ]
    return "\n".join(rows).lower()


def subscribe(session: Session, publication_id: int, email: str, *, now: float = NOW) -> int:
    """Ask and confirm, with the mails that the doors queue."""
    asked = Request(email=email, source="form", name="Ada Lovelace", ip="192.0.2.7")
    mail = signup.request(
        session, publication_id, asked, SignupPolicy(), hash_of=hash_of, now=now
    ).mail
    assert mail is not None
    queue_notice(
        session,
        publication_id=publication_id,
        kind="confirm",
        email=email,
        subscriber_id=mail.subscriber_id,
        data={"epoch": mail.epoch},
        now=now,
    )
    signup.confirm(session, mail, FORM, tracking=None, hash_of=hash_of, now=now)
    return mail.subscriber_id


def deliver(
    session: Session, publication_id: int, subscriber_id: int, *, reason: str | None
) -> int:
    """An edition that the reader's server refused, with its words."""
    date = dt.date(2026, 9, 21)
    edition = Edition(publication_id=publication_id, date=date, created_at=NOW, updated_at=NOW)
    session.add(edition)
    session.flush()
    batch = add_batch(session, edition.key, variant="counted", provider="smtp")
    add_delivery(session, batch, subscriber_id, "refused", reason=reason)
    return edition.key


def report_bounce(session: Session, email: str, reference: str, *, now: float = NOW) -> None:
    """A webhook as SendGrid sends it."""
    event = {
        "email": email,
        "event": "bounce",
        "timestamp": int(now),
        "nl_delivery": reference,
        "sg_event_id": f"{reference}-{now}",
        "status": "5.2.2",
        "reason": f"552 5.2.2 <{email}>: mailbox of Ada Lovelace is full",
        "smtp-id": "<14c5d75ce93@host.example>",
        "ip": "192.0.2.7",
    }
    receive(session, "sendgrid", json.dumps([event]).encode(), now=now)
