"""The dispatcher: one worker's hands. Claims batches, keeps the provider busy, stores what it said.

One step stores the outcomes that have come in, hands off the next windows and claims the batches
that come after them in a single commit, then gives those windows to the provider. No transaction is
open while a provider works.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial

from pydantic import ValidationError
from sqlmodel import Session

from emails.errors import EmailsError
from newsletter.database import Database
from newsletter.dispatch import ledger
from newsletter.dispatch.alerts import pause_all_and_alert, pause_and_alert
from newsletter.dispatch.handoff import Drained, Stopped, Wait, Window, hand_off
from newsletter.dispatch.holding import Flight, Held, Step
from newsletter.dispatch.imprints import Imprints
from newsletter.dispatch.lanes import heed_deferrals, slowed_lanes
from newsletter.dispatch.ledger import Lease, monotonic
from newsletter.dispatch.locks import (
    LockedBatch,
    LockedEdition,
    lock_batches,
    lock_deliveries,
    lock_edition,
)
from newsletter.dispatch.mailing import mailing, readers_of
from newsletter.dispatch.outcomes import Learn, finish_window, learn_nothing
from newsletter.dispatch.outlet import hand_over
from newsletter.dispatch.pacing import Pace
from newsletter.errors import EditionError, LeaseLost, NotFound
from newsletter.providers.base import (
    AuthenticationRefused,
    Outcome,
    OutcomeKind,
    Provider,
    RequestRefused,
    SenderRefused,
)
from newsletter.site import Site

log = logging.getLogger(__name__)

NOT_SENDABLE = (EmailsError, ValidationError, EditionError, NotFound)
"""Why a variant can't be made: a person must look at it."""
LEAST_PAUSE, LONGEST_PAUSE = 0.2, 60.0
"""Seconds without a hand-off where the provider puts everything off."""


class Dispatcher:
    """Sends what is due with one provider. Not thread-safe: one per thread of work."""

    def __init__(
        self,
        database: Database,
        provider: Provider,
        site: Site,
        *,
        pace: Pace,
        lease_seconds: float,
        learn: Learn = learn_nothing,
    ) -> None:
        self._learn = learn
        self._database = database
        self._provider = provider
        self._site = site
        self._pace = pace
        self._lease_seconds = lease_seconds
        self._imprints = Imprints(site)
        self._held: dict[int, Held] = {}
        self._flights: dict[Future[Sequence[Outcome]], Flight] = {}
        self._not_before = 0.0

    @property
    def is_idle(self) -> bool:
        """Nothing is held and nothing is with the provider."""
        return not self._held and not self._flights

    def step(self, *, patience: float = 0.2) -> bool:
        """Do what can be done now; wait up to `patience` seconds for the provider.

        Returns whether there is more to do at once: something moved, or the provider still has
        windows, whose outcomes the next step waits for. Raises DatabaseError where the database
        is away: outcomes are kept and stored by a later step.
        """
        self._renew()
        landed = [future for future in self._flights if future.done()]
        moved = self._turn(landed, claims=True)
        if moved:  # what was claimed goes out at once, if the provider has a place free
            self._turn([], claims=False)
        if not moved and self._flights:
            wait(self._flights, timeout=patience, return_when=FIRST_COMPLETED)
        return moved or bool(self._flights)

    def stop(self) -> None:
        """Hand back: wait for what the provider has, store it, release every lease."""
        for held in self._held.values():
            held.let_go = True
        while self._flights:
            wait(self._flights, timeout=1.0, return_when=FIRST_COMPLETED)
            self._renew()
            self._turn([future for future in self._flights if future.done()], claims=False)
        self._turn([], claims=False)

    def wait_seconds(self) -> float:
        """How long the provider's rate wants us to wait before the next hand-off."""
        return max(0.0, self._not_before - monotonic())

    # -- leases

    def _hunger(self, step: Step) -> int:
        """How many batches to claim, so that the provider always has a next window."""
        if step.wait or self.wait_seconds() > 0:
            return 0
        return self._provider.in_flight - sum(map(step.goes_on, self._held.values()))

    def _claim(self, session: Session, step: Step) -> None:
        if (wanted := self._hunger(step)) > 0:
            step.claimed = ledger.claim(
                session, self._provider, limit=wanted, seconds=self._lease_seconds
            )

    def _hold(self, lease: Lease) -> None:
        try:
            imprinted = self._imprints.of(self._database, lease)
        except NOT_SENDABLE as error:
            self._pause(lease.edition_id, f"variant {lease.variant} can't be sent: {error}")
            self._database.transact(partial(ledger.release, lease=lease))
        else:
            self._held[lease.batch_id] = Held(lease, imprinted, lease.handed_to)

    def _renew(self) -> None:
        ours = (held.lease for held in self._held.values() if not held.is_lost)
        due = [lease for lease in ours if lease.wants_renewal]
        if not due:
            return
        before = monotonic()
        lost = self._database.transact(lambda session: ledger.renew(session, due))
        for lease in due:
            if lease in lost:
                log.warning("batch %s: lease lost, nothing more is sent of it", lease.batch_id)
                held = self._held[lease.batch_id]
                held.let_go = held.is_lost = True
            else:
                lease.deadline = before + lease.seconds

    # -- one turn: outcomes in, windows out, one commit

    def _turn(self, landed: Sequence[Future[Sequence[Outcome]]], *, claims: bool) -> bool:
        outcomes = {future: self._outcomes(future) for future in landed}
        refused = {
            self._flights[future].held.lease.edition_id: error
            for future in landed
            if isinstance(error := future.exception(), AuthenticationRefused)
        }
        flying = len(self._flights) - len(landed)
        for answers in outcomes.values():
            self._heed(answers)

        def work(session: Session) -> Step:
            step = Step()
            editions = self._lock_editions(session)
            batches = self._lock_landed(session, landed)
            slowed = slowed_lanes(session, self._provider.name)
            lessons = []
            for future in sorted(landed, key=lambda one: self._flights[one].held.lease.batch_id):
                flight = self._flights[future]
                lease = flight.held.lease
                edition, batch = editions[lease.edition_id], batches[lease.batch_id]
                lessons.append(
                    finish_window(session, edition, batch, flight.window, outcomes[future])
                )
            room = self._provider.in_flight - flying
            self._hand_off(session, step, editions, slowed, room=room)
            self._close(session, step, landed)
            if claims:
                self._claim(session, step)
            heed_deferrals(session, self._provider, lessons, slowed)
            self._learn(session, lessons)  # last: it locks tallies, which come after all else
            return step

        hungry = claims and self._hunger(Step()) > 0
        if not (landed or hungry or self._has_work(flying)):
            return False
        step = self._database.transact(work)
        for future in landed:
            self._flights.pop(future).held.flights -= 1
        self._carry_out(step)
        for edition_id, error in refused.items():
            self._heed_refusal(edition_id, error)
        return bool(landed or step.launches or step.drained or step.let_go or step.claimed)

    def _has_work(self, flying: int) -> bool:
        """Whether a turn without outcomes could hand something off or let something go."""
        free = flying < self._provider.in_flight and self.wait_seconds() == 0
        return any(not held.flights if held.is_ending else free for held in self._held.values())

    def _lock_editions(self, session: Session) -> dict[int, LockedEdition]:
        """Lock every edition that we have to do with, in the order of their ids.

        A window may be with the provider whose lease was lost and whose batch we hold no more.
        """
        flying = (flight.held for flight in self._flights.values())
        ids = sorted({held.lease.edition_id for held in (*self._held.values(), *flying)})
        return {edition_id: lock_edition(session, edition_id) for edition_id in ids}

    def _lock_landed(
        self, session: Session, landed: Sequence[Future[Sequence[Outcome]]]
    ) -> dict[int, LockedBatch]:
        """Lock all batches, then all deliveries whose outcomes are in, each in their order.

        Batch by batch, two editions' or variants' rows would be locked out of the order of their
        keys, and the feedback duty would deadlock with us.
        """
        flights = [self._flights[future] for future in landed]
        batches = lock_batches(session, {one.held.lease.batch_id for one in flights})
        windows: dict[int, list[Window]] = defaultdict(list)
        for flight in flights:
            windows[flight.held.lease.edition_id].append(flight.window)
        for edition_id, landing in sorted(windows.items()):
            readers = (row.subscriber_id for window in landing for row in window.rows)
            lock_deliveries(session, edition_id, readers)
        return batches

    def _hand_off(
        self,
        session: Session,
        step: Step,
        editions: Mapping[int, LockedEdition],
        slowed: Collection[str],
        *,
        room: int,
    ) -> None:
        """Fill the provider's free places, a window each, from the oldest batch on."""
        if monotonic() < self._not_before:
            return
        for held in sorted(self._held.values(), key=lambda one: one.lease.batch_id):
            while step.goes_on(held):
                if len(step.launches) >= room or step.wait:
                    return
                self._hand_off_one(session, step, editions[held.lease.edition_id], slowed, held)

    def _hand_off_one(
        self,
        session: Session,
        step: Step,
        edition: LockedEdition,
        slowed: Collection[str],
        held: Held,
    ) -> None:
        """Hand off one window of a batch, or note why not."""
        try:
            handed = hand_off(
                session,
                edition,
                held.lease,
                held.edition.rules,
                most=self._pace.window(self._provider.window, held.lease.lane),
                pace=self._pace,
                slowed=slowed,
                composition_id=held.edition.composition_id,
            )
        except LeaseLost:
            step.let_go.append(held)
            return
        match handed:
            case Window(rows, positions, last):
                step.advance(held, positions)
                if rows:
                    readers = readers_of(session, held.edition.imprint, rows)
                    step.launches.append(Flight(held, handed, readers))
                if last:
                    step.drained.append(held)
            case Wait(seconds):
                step.wait = seconds
            case Drained():
                step.drained.append(held)
            case Stopped():
                step.let_go.append(held)

    def _close(
        self, session: Session, step: Step, landed: Sequence[Future[Sequence[Outcome]]]
    ) -> None:
        """Finish or release the batches of which the provider has nothing any more."""
        landing = [self._flights[future].held for future in landed]
        starting = [flight.held for flight in step.launches]
        for held in self._held.values():
            if held.flights - landing.count(held) or held in starting:
                continue
            if held.drained or held in step.drained:
                ledger.finish_batch(session, held.lease, handed_to=step.handed_to_of(held))
            elif held.let_go or held in step.let_go:
                ledger.release(session, held.lease)

    def _carry_out(self, step: Step) -> None:
        """Act on what has been committed: launch windows, forget closed batches, take new ones."""
        for held in step.drained:
            held.drained = True
        for held in step.let_go:
            held.let_go = True
        for batch_id, handed_to in step.handed_to.items():
            self._held[batch_id].handed_to = handed_to
        if step.wait:
            self._not_before = monotonic() + step.wait
        for flight in step.launches:
            self._launch(flight)
        self._held = {key: held for key, held in self._held.items() if not held.is_over}
        for lease in step.claimed:
            self._hold(lease)

    def _launch(self, flight: Flight) -> None:
        held = flight.held
        letter = mailing(
            held.edition.imprint,
            flight.window.rows,
            self._site,
            batch=str(held.lease.batch_id),
            may_begin=lambda: held.lease.is_alive,
            readers=flight.readers,
        )
        held.flights += 1
        self._flights[hand_over(self._provider, letter)] = flight

    # -- what the provider said

    def _outcomes(self, future: Future[Sequence[Outcome]]) -> Sequence[Outcome]:
        """One for each row of the window; in doubt where the provider has not kept to that."""
        rows = self._flights[future].window.rows
        error = future.exception()
        told: Sequence[Outcome] = ()
        if error is None:
            told = future.result()
        elif isinstance(error, RequestRefused) and error.outcomes:
            told = error.outcomes
        elif isinstance(error, AuthenticationRefused):
            # Nothing of it was taken: it waits until somebody has set the key right.
            words = Outcome.later("refused", str(error), retry_after=0.0, provider_wide=True)
            return [words] * len(rows)
        if len(told) == len(rows):
            return told
        log.error("the provider failed in a way that nobody foresaw", exc_info=error)
        why = repr(error) if error else f"{len(told)} answers to {len(rows)} messages"
        return [Outcome.unsure("failed", why)] * len(rows)

    def _heed(self, outcomes: Sequence[Outcome]) -> None:
        """Hand nothing off for a while where the provider itself is busy or away."""
        pauses = [
            outcome.retry_after or 0.0
            for outcome in outcomes
            if outcome.kind is OutcomeKind.LATER and outcome.provider_wide
        ]
        if pauses:
            pause = min(max(*pauses, LEAST_PAUSE), LONGEST_PAUSE)
            self._not_before = max(self._not_before, monotonic() + pause)

    def _heed_refusal(self, edition_id: int, error: AuthenticationRefused) -> None:
        """Pause the edition; where the provider refuses our key, all others that wait for it too."""
        if isinstance(error, SenderRefused | RequestRefused):
            self._pause(edition_id, str(error))
            return
        log.error("all that waits for %s is paused: %s", self._provider.name, error)
        name, now = self._provider.name, self._database.now()
        self._database.transact(
            lambda session: pause_all_and_alert(session, name, reason=str(error), now=now)
        )

    def _pause(self, edition_id: int, reason: str) -> None:
        log.error("edition %s paused: %s", edition_id, reason)
        now = self._database.now()
        self._database.transact(
            lambda session: pause_and_alert(session, edition_id, reason=reason, now=now)
        )
