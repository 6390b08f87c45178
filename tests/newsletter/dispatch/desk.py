"""An approved edition, readers, and a provider that answers as a test tells it."""

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import select

from emails.issue import Issue
from newsletter.database import Database
from newsletter.dispatch.dispatcher import Dispatcher
from newsletter.dispatch.freeze import FreezePlan, freeze_chunk
from newsletter.dispatch.models import Batch, Delivery
from newsletter.dispatch.pacing import Pace
from newsletter.dispatch.progress import count_states
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.editions.schedule import schedule
from newsletter.providers.base import Mailing, Outcome
from newsletter.publications import Publication
from newsletter.site import Site
from newsletter.tokens import Signer
from subscribers.models import Subscriber, Subscription

SITE = Site("https://ledger.example", Signer("a secret for tests"))
DATE = dt.date(2026, 11, 22)
NOW = 1_795_000_000.0


def sample_issue(**changes: object) -> Issue:
    return Issue.model_validate(
        {
            "schema": 1,
            "date": DATE.isoformat(),
            "title": "Morning",
            "sections": [
                {"kind": "essay", "body": "Compute is **scarce** today."},
                {
                    "kind": "links",
                    "heading": "AI Labs",
                    "topic": "labs",
                    "items": [
                        {"title": "One", "url": "https://labs.example/1", "source": "Lab"},
                        {"title": "Two", "url": "https://labs.example/2", "source": "Lab"},
                    ],
                },
            ],
            **changes,
        }
    )


@dataclass
class ScriptedProvider:
    """Answers at once with what `answer` says of each recipient, and remembers it all."""

    name: str = "scripted"
    window: int = 10
    in_flight: int = 2
    timeout: float = 5.0
    loopback: bool = True
    tells_later: bool = False
    answer: Callable[[str], Outcome] = lambda _email: Outcome.accepted("250")
    mailings: list[Mailing] = field(default_factory=list)
    """All that it was given, in this order."""
    taken: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    error: Exception | None = None

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        self.mailings.append(mailing)
        future: Future[Sequence[Outcome]] = Future()
        if self.error is not None:
            future.set_exception(self.error)
            return future
        outcomes = []
        for recipient in mailing.recipients:
            outcome = self.answer(recipient.email)
            if outcome.kind == "accepted":
                self.taken.append(recipient.email)
                self.keys.append(recipient.key)
            outcomes.append(outcome)
        future.set_result(outcomes)
        return future

    def pages(self) -> list[str]:
        """The HTML of each mailing."""
        return [mailing.composition.html for mailing in self.mailings]

    def check(self) -> None: ...

    def close(self) -> None: ...


@dataclass
class SlowProvider(ScriptedProvider):
    """Keeps what it is given until a test says what becomes of it; writes down what it takes."""

    name: str = "scripted"
    window: int = 3
    pending: list[tuple[Mailing, Future[Sequence[Outcome]]]] = field(default_factory=list)

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        future: Future[Sequence[Outcome]] = Future()
        self.pending.append((mailing, future))
        return future

    def deal(self, fates: Sequence[str]) -> None:
        """Answer the oldest window; what its guard no longer lets through is not begun."""
        mailing, future = self.pending.pop(0)
        future.set_result(
            [
                self.meet(fate, recipient.key)
                if mailing.may_begin()
                else Outcome.later("not-begun")
                for recipient, fate in zip(mailing.recipients, fates, strict=False)
            ]
        )

    def meet(self, fate: str, key: str) -> Outcome:
        if fate in {"accepted", "unsure-taken"}:
            self.taken.append(key)
        match fate:
            case "accepted":
                return Outcome.accepted("250")
            case "later":
                return Outcome.later("later")
            case "refused":
                return Outcome.refused("550", "5.1.1", enhanced="5.1.1")
            case _:
                return Outcome.unsure("cut")


@dataclass
class Desk:
    """Short words for what tests do again and again."""

    database: Database
    publication_id: int
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def add_readers(self, count: int, **subscription: Any) -> list[str]:
        """Add readers at example.com; `subscription` sets what differs from linked and active."""
        emails = [f"reader{next(self.numbers)}@example.com" for _ in range(count)]
        for email in emails:
            self.add_reader(email, **subscription)
        return emails

    def add_reader(self, email: str, **subscription: Any) -> None:
        with self.database.writing() as session:
            reader = Subscriber(email=email, email_key=email, created_at=NOW)
            session.add(reader)
            session.flush()
            assert reader.id is not None
            values: dict[str, Any] = {
                "state": "active",
                "mailable": True,
                "tracking": "linked",
                "created_at": NOW,
                **subscription,
            }
            session.add(
                Subscription(subscriber_id=reader.id, publication_id=self.publication_id, **values)
            )

    def edition(self, **changes: object) -> int:
        """Store an approved edition that is due now; return its id."""
        with self.database.writing() as session:
            publication = session.get_one(Publication, self.publication_id)
            imported = import_issue(
                session, publication, sample_issue(**changes), source="", author="ada", now=NOW
            )
            edition = imported.edition
            approve(session, edition, publication, SITE, by="ada", now=NOW)
            schedule(session, edition, publication, SITE, at=NOW - 1e9, now=NOW)
            return edition.key

    def freeze(self, edition_id: int, *, chunk: int = 1000, batch_size: int = 20) -> None:
        plan = FreezePlan("scripted", batch_size, chunk)
        done = False
        while not done:
            done = self.database.transact(
                lambda session: freeze_chunk(session, edition_id, plan), snapshot=True
            )

    def dispatcher(
        self, provider: ScriptedProvider, *, rate: float = 0.0, lease_seconds: float = 60.0
    ) -> Dispatcher:
        return Dispatcher(
            self.database, provider, SITE, pace=Pace(rate), lease_seconds=lease_seconds
        )

    def run(self, provider: ScriptedProvider) -> None:
        """Send all that can be sent now."""
        dispatcher = self.dispatcher(provider)
        while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
            pass

    def make_due(self) -> None:
        """Let every batch that waits for its backoff be due now."""
        with self.database.writing() as session:
            for batch in session.exec(select(Batch).where(Batch.state == "ready")):
                batch.due_at = 0.0
                session.add(batch)

    def states(self, edition_id: int) -> dict[str, int]:
        """Delivery states that occur, counted."""
        with self.database.reading() as session:
            return {
                state: count for state, count in count_states(session, edition_id).items() if count
            }

    def deliveries(self, edition_id: int) -> list[Delivery]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(Delivery)
                    .where(Delivery.edition_id == edition_id)
                    .order_by(Delivery.subscriber_id)  # type: ignore[arg-type]
                )
            )

    def status(self, edition_id: int) -> str:
        with self.database.reading() as session:
            return session.get_one(Edition, edition_id).state
