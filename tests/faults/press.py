"""A send to many readers by real worker processes that can be killed."""

import os
import random
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session, col, select

from newsletter.database import Database
from newsletter.dispatch import settle
from newsletter.dispatch.models import Batch
from newsletter.dispatch.progress import count_states
from newsletter.dispatch.states import BatchState
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.editions.schedule import schedule
from newsletter.publications import Publication
from newsletter.site import Site
from newsletter.tokens import Signer
from subscribers.models import SUBSCRIBER, SUBSCRIPTION
from tests.faults.workers import WorkerProcess
from tests.newsletter.dispatch.desk import NOW, sample_issue

SECRET = "a secret for the fault tests, long enough"
SHORT_LEASE = 1.5
"""Seconds, for those that run out."""
BASE_URL = "http://127.0.0.1:8000"
DELIVERY = re.compile(r"(\d+-\d+)@")


@dataclass
class Receiver:
    """Who takes the mail: what to set so that it is used, and what it has written down."""

    settings: dict[str, str]
    record: Path
    """A line for every message taken."""
    keys: Callable[[bytes], list[str]]
    """From the record to the delivery keys in it."""
    order: Callable[..., None]
    """Orders misbehaviour: `kind` and `times`, and what else the receiver knows."""
    window: int
    """Most messages in doubt when a worker is killed."""
    _read: int = 0
    _lines: int = 0

    def received(self) -> list[str]:
        """Delivery keys, one for every message taken."""
        return self.keys(self._written())

    def count(self) -> int:
        """How many messages were taken; reads on where it stopped, to be asked all the time."""
        fresh = self._written(self._read)
        self._read += len(fresh)
        self._lines += fresh.count(b"\n")
        return self._lines

    def _written(self, begin: int = 0) -> bytes:
        if not self.record.exists():
            return b""
        with self.record.open("rb") as record:
            record.seek(begin)
            return record.read()


@dataclass
class Press:
    """One database, one edition, one receiver, and workers that come and go."""

    url: str
    receiver: Receiver
    folder: Path
    lease_seconds: float = 30.0
    """Where nobody dies, none must run out, nor the provider's timeout, on a busy machine."""
    rate: int = 0
    edition_id: int = 0
    workers: list[WorkerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(self.url)

    def prepare(self, readers: int) -> None:
        """Store readers and an approved edition that is due."""
        site = Site(BASE_URL, Signer(SECRET))
        with self.database.writing() as session:
            publication = Publication(
                slug="faults",
                name="The Fault Ledger",
                sender="desk@ledger.example",
                postal_address="1 Example Street",
            )
            session.add(publication)
            session.flush()
            self._add_readers(session, publication.key, readers)
            imported = import_issue(
                session, publication, sample_issue(), source="", author="ada", now=NOW
            )
            approve(session, imported.edition, publication, site, by="ada", now=NOW)
            schedule(session, imported.edition, publication, site, at=NOW - 1e9, now=NOW)
            self.edition_id = imported.edition.key

    def start_worker(self) -> WorkerProcess:
        """Start a worker in a process of its own."""
        environment = {
            **os.environ,
            "NEWSLETTER_CONFIG": str(self.folder / "none.toml"),
            "NEWSLETTER_DATABASE_URL": self.url,
            "NEWSLETTER_SECRET_KEY": SECRET,
            "NEWSLETTER_BASE_URL": BASE_URL,
            "NEWSLETTER_LEASE_SECONDS": str(self.lease_seconds),
            "NEWSLETTER_SEND_RATE": str(self.rate),
            "NEWSLETTER_BATCH_SIZE": "250",
            "no_proxy": "127.0.0.1",
            **self.receiver.settings,
        }
        worker = WorkerProcess.start(environment, log=self.folder / "worker.log")
        self.workers.append(worker)
        return worker

    def freeze(self, worker: WorkerProcess) -> None:
        """Stop a worker (SIGSTOP) where it holds no lock of SQLite's.

        On PostgreSQL any moment will do: the server ends a transaction that stalls.
        """

        def stopped_outside_of_a_transaction() -> bool:
            worker.send_signal(signal.SIGSTOP)
            eventually(lambda: worker.is_stopped, what="all its threads have stopped")
            if not self.database.is_sqlite or self._is_writable():
                return True
            worker.send_signal(signal.SIGCONT)
            return False

        eventually(stopped_outside_of_a_transaction, what="a moment without a transaction")

    def _is_writable(self) -> bool:
        path = self.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def stop(self) -> None:
        """End every worker that still runs, and the connection."""
        for worker in self.workers:
            worker.kill()
        self.database.close()

    def states(self) -> Counter[str]:
        with self.database.reading() as session:
            return Counter(count_states(session, self.edition_id))

    def status(self) -> str:
        with self.database.reading() as session:
            return session.get_one(Edition, self.edition_id).state

    def received(self) -> Counter[str]:
        return Counter(self.receiver.received())

    def expect_all_once(self, readers: int, *, seconds: float = 60.0) -> int:
        """Wait until nothing is left to send, and settle; everybody must have got it once.

        Returns how many deliveries were unsure before somebody settled them.
        """
        eventually(
            lambda: self.has_begun() and self.states()["queued"] == 0 and not leased(self),
            seconds=seconds,
            what="nothing left to send",
        )
        unsure = self.states()["unsure"]
        self.settle()
        eventually(lambda: self.status() == "sent", seconds=seconds, what="it is closed")
        received = self.received()
        assert set(received) == self.expected()
        assert received.total() == readers
        assert self.states()["accepted"] == readers
        return unsure

    def has_begun(self) -> bool:
        """Whether the audience is frozen: before that nothing is queued either."""
        return self.status() not in {"approved", "scheduled"}

    def log(self) -> str:
        """What the workers have said."""
        return (self.folder / "worker.log").read_text()

    def settle(self) -> None:
        """A person with the receiver's own log: what it names was sent, the rest is sent again."""
        lines = [f"{key}@log" for key in self.receiver.received()]
        self.database.transact(
            lambda session: settle.settle_by_evidence(session, self.edition_id, lines)
        )
        self.database.transact(lambda session: settle.settle_by_resend(session, self.edition_id))

    def expected(self) -> set[str]:
        """The delivery key of every reader."""
        with self.database.reading() as session:
            ids = session.execute(SUBSCRIBER.select().with_only_columns(SUBSCRIBER.c.id)).scalars()
            return {f"{self.edition_id}-{reader}" for reader in ids}

    def _add_readers(self, session: Session, publication_id: int, count: int) -> None:
        numbers = range(1, count + 1)
        readers = [
            {
                "id": number,
                "email": f"reader{number}@example.com",
                "email_key": f"reader{number}@example.com",
                "created_at": NOW,
                "attributes": {},
                "tags": [],
                "name": "",
                "language": "",
                "time_zone": "",
                "link_epoch": 0,
            }
            for number in numbers
        ]
        subscriptions = [
            {
                "subscriber_id": number,
                "publication_id": publication_id,
                "state": "active",
                "mailable": True,
                "tracking": "linked",
                "muted": "",
                "lane": "other",
                "created_at": NOW,
                "end_reason": "",
                "source": "test",
                "confirm_epoch": 0,
            }
            for number in numbers
        ]
        session.execute(insert(SUBSCRIBER), readers)
        session.execute(insert(SUBSCRIPTION), subscriptions)


def eventually(holds: Callable[[], bool], *, seconds: float = 60.0, what: str = "") -> None:
    """Wait until something holds; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"never came: {what}"
        pause.wait(0.02)


def send_through_kills(press: Press, *, readers: int, kills: int) -> int:
    """Send to many readers, killing workers at random moments; return how many were unsure.

    No more than a worker has in hand may be unsure for each that died while there was work. Then a
    person settles them by the receiver's log, and everybody must have got it once.
    """
    died_at_work = 0
    press.lease_seconds = SHORT_LEASE
    press.prepare(readers)
    for goal in sorted(random.sample(range(1, readers), kills)):
        worker = press.start_worker()
        eventually(
            partial(is_time_to_kill, press, goal, worker), seconds=300, what=f"{goal} received"
        )
        died_at_work += under_way(press)
        worker.kill()
    press.start_worker()
    unsure = press.expect_all_once(readers, seconds=300)
    assert unsure <= died_at_work * press.receiver.window
    return unsure


def has_received(press: Press, count: int, *, by: WorkerProcess | None = None) -> bool:
    """Whether so many messages have come; fails at once where the worker has died of itself."""
    assert by is None or by.is_running, press.log()
    return press.receiver.count() >= count


def is_time_to_kill(press: Press, goal: int, worker: WorkerProcess) -> bool:
    """Whether the goal is reached; or never will be, since too many were in doubt before."""
    return has_received(press, goal, by=worker) or (press.has_begun() and not under_way(press))


def under_way(press: Press) -> bool:
    """Whether some batch is still to be sent."""
    return _has_batches(press, BatchState.READY, BatchState.LEASED)


def leased(press: Press) -> bool:
    """Whether some worker, dead or alive, holds a batch."""
    return _has_batches(press, BatchState.LEASED)


def _has_batches(press: Press, *states: BatchState) -> bool:
    with press.database.reading() as session:
        some = select(Batch.id).where(col(Batch.state).in_(states)).limit(1)
        return session.exec(some).first() is not None
