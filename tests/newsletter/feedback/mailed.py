"""Editions that have been handed to the provider, and what comes back about them."""

import datetime as dt
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session
from sqlmodel import select as select_model

from newsletter.database import Database
from newsletter.dispatch.models import DELIVERY, Delivery, Notice
from newsletter.editions.models import Edition, EditionLink
from newsletter.feedback.duty import work_feedback
from newsletter.feedback.inbox import receive
from newsletter.feedback.models import HIT
from subscribers.models import (
    SUBSCRIBER,
    SUBSCRIPTION,
    Subscriber,
    Subscription,
    Suppression,
)
from tests.newsletter.dispatch.batches import add_batch

SENT_AT = 1_795_000_000.0
NOW = SENT_AT + 600.0
DAY = 86_400.0
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Mailed:
    """A publication with readers 1…n, and editions mailed to them."""

    database: Database
    publication_id: int
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def readers(self, count: int, *, tracking: str = "linked") -> list[int]:
        """Add active readers reader1@example.org …; return their ids."""
        ids = [next(self._ids) for _ in range(count)]
        with self.database.writing() as session:
            session.execute(insert(SUBSCRIBER), [self._subscriber(one) for one in ids])
            session.execute(
                insert(SUBSCRIPTION), [self._subscription(one, tracking) for one in ids]
            )
        return ids

    def edition(
        self,
        readers: Sequence[int],
        *,
        day: int = 0,
        state: str = "accepted",
        tracking: str = "linked",
        links: int = 5,
        lane: str = "other",
        provider: str = "sendgrid",
    ) -> int:
        """Mail an edition to readers, `day` days after the first; return its id."""
        at = SENT_AT + day * DAY
        with self.database.writing() as session:
            edition = self._edition(session, day, at, len(readers))
            batch = add_batch(
                session, edition.key, variant=tracking, lane=lane, provider=provider, due_at=at,
                size=len(readers),
            )  # fmt: skip
            for number in range(1, links + 1):
                session.add(
                    EditionLink(
                        edition_id=edition.key,
                        number=number,
                        url=f"https://labs.example/{number}",
                        label=f"Link {number}",
                    )
                )
            rows = [
                {
                    "edition_id": edition.key,
                    "subscriber_id": reader,
                    "batch_id": batch.key,
                    "position": position,
                    "state": state,
                    "tracking": tracking,
                    "assumed": False,
                    "accepted_at": at if state == "accepted" else None,
                    "unsure_at": at if state == "unsure" else None,
                }
                for position, reader in enumerate(readers)
            ]
            if rows:
                session.execute(insert(DELIVERY), rows)
            return edition.key

    def _edition(self, session: Session, day: int, at: float, recipients: int) -> Edition:
        edition = Edition(
            publication_id=self.publication_id,
            date=dt.date(2026, 11, 22) + dt.timedelta(days=day),
            title="Morning",
            state="sending",
            created_at=at,
            updated_at=at,
            started_at=at,
            recipients=recipients,
        )
        session.add(edition)
        session.flush()
        return edition

    def _subscriber(self, number: int) -> dict[str, Any]:
        email = f"reader{number}@example.org"
        return {
            "id": number,
            "email": email,
            "email_key": email,
            "name": "",
            "language": "",
            "time_zone": "",
            "attributes": {},
            "tags": [],
            "link_epoch": 0,
            "created_at": 0.0,
        }

    def _subscription(self, number: int, tracking: str) -> dict[str, Any]:
        return {
            "subscriber_id": number,
            "publication_id": self.publication_id,
            "state": "active",
            "mailable": True,
            "tracking": tracking,
            "muted": "",
            "lane": "other",
            "created_at": 0.0,
            "confirmed_at": 0.0,
            "end_reason": "",
            "source": "form",
            "confirm_epoch": 0,
        }

    def post(self, *events: dict[str, Any], now: float = NOW) -> None:
        """Receive one webhook request, and work until nothing waits."""
        with self.database.writing() as session:
            receive(session, "sendgrid", json.dumps(events).encode(), now=now)
        self.work(now=now)

    def work(self, *, now: float = NOW) -> None:
        while work_feedback(self.database, now=now):
            pass

    def hit(
        self,
        edition_id: int,
        reader: int | None,
        *,
        after: float,
        link: int | None = None,
        agent: str = BROWSER,
        method: str = "GET",
    ) -> None:
        """Note a pixel or link `after` seconds from the hand-over."""
        row = {
            "kind": "open" if link is None else "click",
            "edition_id": edition_id,
            "subscriber_id": reader,
            "link": link,
            "at": SENT_AT + after,
            "method": method,
            "user_agent": agent,
        }
        with self.database.writing() as session:
            session.execute(insert(HIT), [row])

    def delivery(self, edition_id: int, reader: int) -> Delivery:
        with self.database.reading() as session:
            return session.get_one(Delivery, (edition_id, reader))

    def subscription(self, reader: int) -> Subscription:
        with self.database.reading() as session:
            return session.get_one(
                Subscription, {"subscriber_id": reader, "publication_id": self.publication_id}
            )

    def suppressions(self) -> dict[str, str]:
        """Address key -> reason, of live suppressions."""
        with self.database.reading() as session:
            rows = session.scalars(
                select(Suppression).where(Suppression.lifted_at.is_(None))  # type: ignore[union-attr]
            )
            return {row.email_key: row.reason for row in rows}

    def edition_row(self, edition_id: int) -> Edition:
        with self.database.reading() as session:
            return session.get_one(Edition, edition_id)

    def alerts(self) -> list[str]:
        """The headings of the alerts that are queued."""
        with self.database.reading() as session:
            notices = session.exec(select_model(Notice).where(Notice.kind == "alert")).all()
            return [notice.data["heading"] for notice in notices]

    def change(self, table: type[Subscriber | Subscription], **values: object) -> None:
        with self.database.writing() as session:
            session.execute(update(table).values(**values))


def event(
    edition_id: int, reader: int, word: str, *, at: float = 10.0, **fields: Any
) -> dict[str, Any]:
    """A SendGrid event about a delivery, `at` seconds after the first hand-over."""
    number = next(_EVENT_NUMBERS)
    return {
        "email": f"reader{reader}@example.org",
        "timestamp": int(SENT_AT + at),
        "event": word,
        "sg_event_id": f"event-{number}",
        "sg_message_id": "abc.recvd-1",
        "smtp-id": "<abc@ledger.example>",
        "category": ["edition"],
        "nl_delivery": f"{edition_id}-{reader}",
        "nl_edition": str(edition_id),
        **fields,
    }


def hard_bounce(edition_id: int, reader: int, **fields: Any) -> dict[str, Any]:
    words = {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such mailbox"}
    return event(edition_id, reader, "bounce", **words | fields)


def soft_bounce(edition_id: int, reader: int, **fields: Any) -> dict[str, Any]:
    words = {"type": "blocked", "status": "5.2.2", "reason": "552 5.2.2 mailbox full"}
    return event(edition_id, reader, "bounce", **words | fields)


_EVENT_NUMBERS = itertools.count(1)
