"""Workers and people interleaved in any order on the real ledger, on both databases.

Whatever happens, nobody gets an edition twice; and once somebody has settled what is in doubt by
the receiver's own log, nobody is left out and the edition is closed.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from time import CLOCK_BOOTTIME, clock_gettime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, select, update

from newsletter.database import Database
from newsletter.dispatch import control, dispatcher, ledger, settle, sweep
from newsletter.dispatch.dispatcher import Dispatcher
from newsletter.dispatch.models import BATCH, Delivery
from newsletter.dispatch.states import OPEN
from newsletter.publications import Publication
from subscribers.consent import Agreement
from subscribers.unsubscribe import leave
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, SlowProvider

READERS = 9
BATCH_SIZE = 4
LEASE_SECONDS = 60.0
MOST_WORKERS = 3
PUBLICATIONS = count(1)
WHICH = st.integers(0, 99)
"""One of what there is, counted round."""
FATES = st.lists(
    st.sampled_from(["accepted", "later", "refused", "unsure-taken", "unsure-lost"]),
    min_size=3,
    max_size=3,
)


class Clock:
    """The workers' monotonic clock, which can be put forward; nobody sleeps."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return clock_gettime(CLOCK_BOOTTIME) + self.ahead


class Interleaved(RuleBasedStateMachine):
    """One edition, some workers, and people; `log` is what the receiver has written down."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()
        self.clock, self.database = clock, database
        self.log: list[str] = []
        self.workers: list[tuple[Dispatcher, SlowProvider]] = []
        self.desk = Desk(database, self._publication())
        self._add_readers()
        self.edition_id = self.desk.edition()
        self.desk.freeze(self.edition_id, batch_size=BATCH_SIZE)

    def _publication(self) -> int:
        number = next(PUBLICATIONS)
        with self.database.writing() as session:
            publication = Publication(
                slug=f"ledger-{number}",
                name="The Ledger",
                sender="desk@ledger.example",
                postal_address="1 Example Street",
                topics=[{"key": "labs", "label": "AI Labs"}],
            )
            session.add(publication)
            session.flush()
            return publication.key

    def _add_readers(self) -> None:
        for number in range(READERS):
            self.desk.add_reader(f"reader{number}@p{self.desk.publication_id}.example")

    # -- workers

    @precondition(lambda self: len(self.workers) < MOST_WORKERS)
    @rule()
    def start(self) -> None:
        provider = SlowProvider(taken=self.log)
        worker = self.desk.dispatcher(provider, lease_seconds=LEASE_SECONDS)
        worker.step(patience=0.0)
        self.workers.append((worker, provider))

    @precondition(lambda self: self.workers)
    @rule(which=WHICH)
    def step(self, which: int) -> None:
        worker, _ = self.workers[which % len(self.workers)]
        worker.step(patience=0.0)

    @precondition(lambda self: self.workers)
    @rule(which=WHICH, fates=FATES)
    def answer(self, which: int, fates: list[str]) -> None:
        """The provider deals with the oldest window that a worker gave it."""
        worker, provider = self.workers[which % len(self.workers)]
        if not provider.pending:
            worker.step(patience=0.0)
        if provider.pending:
            provider.deal(fates)

    @precondition(lambda self: self.workers)
    @rule(which=WHICH, fates=FATES)
    def die(self, which: int, fates: list[str]) -> None:
        """A worker is killed: what it had on the wire comes through or does not."""
        worker, provider = self.workers.pop(which % len(self.workers))
        worker.step(patience=0.0)
        for mailing, _ in provider.pending:
            for recipient, fate in zip(mailing.recipients, fates, strict=False):
                if mailing.may_begin():
                    provider.meet(fate, recipient.key)

    @rule()
    def time_passes(self) -> None:
        """Longer than a lease; who is stopped meanwhile (SIGSTOP) has slept past it."""
        seconds = LEASE_SECONDS + 1
        self.clock.ahead += seconds
        with self.database.writing() as session:
            earlier = {
                "leased_until": BATCH.c.leased_until - seconds,
                "due_at": BATCH.c.due_at - seconds,
            }
            session.execute(
                update(BATCH).where(BATCH.c.edition_id == self.edition_id).values(**earlier)
            )

    @rule(late=st.booleans())
    def sweep(self, *, late: bool) -> None:
        if late:
            self.time_passes()
        with self.database.reading() as session:
            dead = sweep.dead_leases(session)
        for one in dead:
            self._transact(partial(sweep.bury, dead=one))
        self._transact(lambda session: sweep.close_if_final(session, self.edition_id))

    # -- people

    @precondition(lambda self: self.status == "sending")
    @rule()
    def pause(self) -> None:
        self._transact(
            lambda session: control.pause(session, self.edition_id, reason="a look", now=NOW)
        )

    @precondition(lambda self: self.status == "paused")
    @rule()
    def resume(self) -> None:
        self._transact(lambda session: control.resume(session, self.edition_id, site=SITE, now=NOW))

    @rule(which=WHICH)
    def unsubscribe(self, which: int) -> None:
        reader = sorted(self.deliveries)[which % READERS]
        self._transact(
            lambda session: leave(
                session, reader, self.desk.publication_id, Agreement("test"), now=NOW
            )
        )

    @rule()
    def settle(self) -> None:
        """Somebody has the receiver's whole log: what it names was sent, the rest is sent again."""
        lines = [f"<{key}@ledger.example>" for key in self.log]
        self._transact(lambda session: settle.settle_by_evidence(session, self.edition_id, lines))
        self._transact(lambda session: settle.settle_by_resend(session, self.edition_id))

    # -- what always holds

    @invariant()
    def nobody_got_it_twice(self) -> None:
        twice = [key for key, times in Counter(self.log).items() if times > 1]
        assert not twice, twice

    @invariant()
    def everybody_has_a_row(self) -> None:
        assert len(self.deliveries) == READERS

    @invariant()
    def what_is_sent_is_settled(self) -> None:
        if self.status == "sent":
            assert not OPEN & set(self.deliveries.values())

    @invariant()
    def what_is_accepted_was_taken_and_what_is_refused_was_not(self) -> None:
        for reader, state in self.deliveries.items():
            if state in {"accepted", "refused", "failed", "excluded"}:
                assert (f"{self.edition_id}-{reader}" in self.log) is (state == "accepted"), state

    def teardown(self) -> None:
        """All workers sleep past their leases, a healthy one finishes, and then they wake up."""
        if self.status == "paused":
            self.resume()
        sleepers, self.workers = self.workers, []
        self._finish()
        for worker, provider in sleepers:
            self._wake(worker, provider)
        self._finish()
        self.nobody_got_it_twice()
        self.what_is_accepted_was_taken_and_what_is_refused_was_not()
        assert self.status == "sent"

    def _finish(self) -> None:
        """A person settles what is in doubt, and a healthy worker with a healthy provider sends."""
        self.sweep(late=True)
        self.settle()
        self.desk.make_due()
        provider = SlowProvider(taken=self.log)
        self._wake(self.desk.dispatcher(provider, lease_seconds=LEASE_SECONDS), provider)
        self.sweep(late=False)

    @staticmethod
    def _wake(worker: Dispatcher, provider: SlowProvider) -> None:
        while worker.step(patience=0.0) or not worker.is_idle:
            while provider.pending:
                provider.deal(["accepted"] * 3)

    @property
    def status(self) -> str:
        return self.desk.status(self.edition_id)

    @property
    def deliveries(self) -> dict[int, str]:
        """Reader -> state."""
        with self.database.reading() as session:
            rows = session.exec(
                select(Delivery.subscriber_id, Delivery.state).where(
                    Delivery.edition_id == self.edition_id
                )
            )
            return dict(rows.all())

    def _transact(self, work: Callable[[Session], object]) -> None:
        self.database.transact(work)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    for module in (ledger, dispatcher):
        monkeypatch.setattr(module, "monotonic", one)
    return one


def interleave(database: Database, clock: Clock, *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Interleaved(database, clock),  # type: ignore[arg-type]
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(300)
def test_nobody_is_left_out_and_nobody_gets_it_twice(database: Database, clock: Clock) -> None:
    interleave(database, clock, examples=15, steps=25)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_same_in_many_more_orders(database: Database, clock: Clock) -> None:
    interleave(database, clock, examples=500, steps=60)
