"""The worker: a thread for each queue of background work, until it is told to stop.

dispatch      freezes what is due, sends, sweeps up after dead workers
notices       confirmations and other small mails, alerts to the web hook
feedback      the providers' events, opens and clicks
housekeeping  readers whose pause is over, what has been kept long enough, bounces in the mailbox

Any number of workers may run over one PostgreSQL; each duty is safe beside its twins.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from functools import partial

from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch import freeze, settle, sweep
from newsletter.dispatch.alerts import alert
from newsletter.dispatch.dispatcher import NOT_SENDABLE, Dispatcher
from newsletter.dispatch.hooks import Hook, post_alerts
from newsletter.dispatch.lookout import look_out
from newsletter.dispatch.notices import NoticeSender
from newsletter.dispatch.outcomes import Lesson
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.pacing import Pace
from newsletter.dispatch.permission import require_safe
from newsletter.editions.approval import require_approved, void_approval
from newsletter.editions.locks import own_edition
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from newsletter.errors import ConfigurationError, DatabaseError, NotApproved
from newsletter.feedback.duty import fetch_returned, work_feedback
from newsletter.feedback.refusals import learn
from newsletter.privacy.retention import Retention, forget
from newsletter.providers.base import Provider
from newsletter.publications import Publication
from newsletter.settings import Settings
from newsletter.site import Site
from subscribers.preferences import resume_due

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
SHORTEST_IDLE, LONGEST_IDLE = 0.1, 1.0
"""Seconds between two looks where there is nothing to do: the longer for how long."""
LOOK_SECONDS = 0.3
"""Between two looks for an edition that is due, while another is going out."""
POSTING_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 60.0
DATABASE_AWAY_SECONDS = 1.0
SIGNAL_SECONDS = 0.5
PUT_ASIDE_SECONDS = 60.0
COLLECT_AFTER = 20_000
"""Objects that were made and are still there before the youngest are looked through."""
NOTICES_SHARE = 0.1
"""The part of the provider's rate that is kept for notices."""


class Queue(StrEnum):
    """What a worker can be told to work on."""

    DISPATCH = "dispatch"
    NOTICES = "notices"
    FEEDBACK = "feedback"
    HOUSEKEEPING = "housekeeping"


def spare_the_collector() -> None:
    """Keep Python's cycle collector from what stays for ever, and from running all the time.

    Every few hundred readers it would walk through all modules, which took a fifth of a send.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


class Worker:
    """Runs the duties of its queues."""

    def __init__(
        self, settings: Settings, database: Database, queues: Collection[Queue] = tuple(Queue)
    ) -> None:
        self._settings = settings
        self._database = database
        self._queues = [Queue(queue) for queue in queues]
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called; then finish or hand back what is under way."""
        spare_the_collector()
        provider = open_outlet(self._settings)
        duties: dict[Queue, tuple[Callable[[], None], ...]] = {
            Queue.DISPATCH: (lambda: self._dispatch(provider),),
            # A hook that takes its time holds no confirmation up.
            Queue.NOTICES: (lambda: self._notices(provider), self._post_alerts),
            Queue.FEEDBACK: (self._feedback,),
            Queue.HOUSEKEEPING: (self._housekeeping,),
        }
        threads = [
            threading.Thread(target=duty, name=queue.value, daemon=True)
            for queue in self._queues
            for duty in duties[queue]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            # In steps: a signal that the kernel gave to another thread is handled by the main
            # thread, once it wakes up.
            while thread.is_alive():
                thread.join(SIGNAL_SECONDS)
        provider.close()

    def stop(self) -> None:
        """Ask the duties to end; safe from a signal handler or another thread."""
        self._stopping.set()

    def _dispatch(self, provider: Provider) -> None:
        duty = DispatchDuty(self._settings, self._database, provider)
        self._repeat(duty.step)
        duty.stop()

    def _notices(self, provider: Provider) -> None:
        sender = NoticeSender(
            self._database, provider, self._settings, pace=Pace(notices_rate(self._settings))
        )
        self._repeat(lambda: bool(sender.step()))

    def _post_alerts(self) -> None:
        hook = Hook.of(self._settings)
        self._repeat(
            lambda: bool(post_alerts(self._database, hook, now=time.time())),
            idle=(POSTING_SECONDS, POSTING_SECONDS),
        )

    def _feedback(self) -> None:
        self._repeat(lambda: bool(work_feedback(self._database, now=time.time())))

    def _housekeeping(self) -> None:
        retention = Retention.of(self._settings)
        mailbox = self._settings.bounce_mailbox.get_secret_value()
        site = Site.of(self._settings)

        rounds: tuple[Callable[[float], object], ...] = (
            lambda now: look_out(self._database, self._settings, now=now),
            lambda now: keep_house(self._database, retention, now=now),
            lambda now: fetch_returned(self._database, mailbox, site, now=now),
        )
        self._repeat(
            lambda: make_the_rounds(rounds), idle=(HOUSEKEEPING_SECONDS, HOUSEKEEPING_SECONDS)
        )

    def _repeat(
        self, step: Callable[[], bool], *, idle: tuple[float, float] = (SHORTEST_IDLE, LONGEST_IDLE)
    ) -> None:
        """Call `step` until told to stop; pause where it found nothing to do, longer each time."""
        shortest, longest = idle
        pause = shortest
        while not self._stopping.is_set():
            try:
                if step():
                    pause = shortest
                else:
                    self._stopping.wait(pause)
                    pause = min(pause * 2, longest)
            except DatabaseError as error:
                log.warning("%s", error)
                self._stopping.wait(DATABASE_AWAY_SECONDS)
            except Exception:
                log.exception("a duty failed; it is tried again")
                self._stopping.wait(DATABASE_AWAY_SECONDS)


class DispatchDuty:
    """Everything that sends editions: freeze, dispatcher, sweep."""

    def __init__(self, settings: Settings, database: Database, provider: Provider) -> None:
        self._settings = settings
        self._database = database
        self._provider = provider
        self._site = Site.of(settings)
        self._plan = freeze.FreezePlan(provider.name, settings.batch_size)
        self._dispatcher = Dispatcher(
            database,
            provider,
            self._site,
            pace=editions_pace(settings),
            lease_seconds=settings.lease_seconds,
            learn=self._learn,
        )
        self._swept_at = self._looked_at = float("-inf")
        self._freezing = False
        self._due: int | None = None
        """The edition that is being frozen."""

    def step(self) -> bool:
        """Do one bounded piece of work; return whether there was any."""
        if time.monotonic() - self._swept_at > SWEEP_SECONDS:
            self.sweep()
            self._swept_at = time.monotonic()
        frozen = self._freeze()
        moved = self._dispatcher.step()
        if moved and self._dispatcher.is_idle:
            self._close_finished()
        return frozen or moved

    def stop(self) -> None:
        """Hand back what is under way; wait for a database that is away while the leases run."""
        until = time.monotonic() + self._settings.lease_seconds
        while True:
            try:
                self._dispatcher.stop()
            except DatabaseError as error:
                log.warning("%s", error)
                if time.monotonic() > until:
                    log.warning("could not hand back: leases run out by themselves")
                    return
                time.sleep(DATABASE_AWAY_SECONDS)
            else:
                return

    def sweep(self) -> None:
        """Take back dead leases, settle what has waited, close what is done."""
        with self._database.reading() as session:
            dead = sweep.dead_leases(session)
        for lease in dead:
            unsure = self._database.transact(partial(sweep.bury, dead=lease))
            log.warning(
                "batch %s: its worker died, %s deliveries are unsure", lease.batch_id, unsure
            )
        self._close_finished()

    def _learn(self, session: Session, lessons: Sequence[Lesson]) -> None:
        learn(session, lessons, provider=self._provider.name, now=time.time())

    def _close_finished(self) -> None:
        with self._database.reading() as session:
            sending = sweep.sending_editions(session)
        for edition_id in sending:
            self._database.transact(partial(self._close, edition_id=edition_id))

    def _close(self, session: Session, *, edition_id: int) -> None:
        if not sweep.close_if_final(session, edition_id):
            settle.apply_policy(
                session, edition_id, wait=self._settings.unsure_wait, now=time.time()
            )

    def _freeze(self) -> bool:
        """Freeze a chunk; while an edition is going out, look for a due one only now and then."""
        busy = not (self._freezing or self._dispatcher.is_idle)
        if busy and time.monotonic() - self._looked_at < LOOK_SECONDS:
            return False
        self._freezing = self._freeze_chunk()
        self._looked_at = time.monotonic()
        return self._freezing

    def _freeze_chunk(self) -> bool:
        """Freeze the next readers of what is due; one edition's fault holds up no other."""
        try:
            return self._database.transact(self._freeze_next, snapshot=True)
        except DatabaseError:
            raise
        except Exception as error:
            log.exception("an edition that is due can't be frozen")
            self._database.transact(partial(self._put_aside, error=error))
            return True

    def _put_aside(self, session: Session, *, error: Exception) -> None:
        """Hold what can't be sent as it is; anything else is tried again in a minute."""
        if self._due is None:
            return
        edition = own_edition(session, self._due)
        if edition.state != EditionState.SCHEDULED:
            return
        why = f"it can't be frozen: {error}"
        if edition.frozen_upto is None and isinstance(error, NOT_SENDABLE):
            self._hold(session, edition, why)
        else:
            now = time.time()
            alert(
                session,
                edition.publication_id,
                key=f"put-aside:{edition.key}:{edition.revision}",
                subject=f"Edition {edition.name} was due and can't begin",
                lines=[why, "It is tried again every minute."],
                now=now,
            )
            edition.scheduled_at = now + PUT_ASIDE_SECONDS
            session.add(edition)

    def _freeze_next(self, session: Session) -> bool:
        edition = freeze.next_due(session)
        self._due = edition.key if edition else None
        if edition is None:
            return False
        if edition.frozen_upto is None and (why := self._why_not(session, edition)):
            self._hold(session, edition, why)
        else:
            freeze.freeze_chunk(session, edition.key, self._plan)
        return True

    def _why_not(self, session: Session, edition: Edition) -> str:
        """Why an edition that is due may not go out; empty where it may."""
        publication = session.get_one(Publication, edition.publication_id)
        try:
            require_approved(session, edition, publication, self._site)
            require_safe(self._settings, publication, self._provider)
        except (NotApproved, ConfigurationError) as error:
            return str(error)
        return ""

    def _hold(self, session: Session, edition: Edition, why: str) -> None:
        """Keep an edition that was due from going out, and say so loudly."""
        now = time.time()
        due = edition.scheduled_at or now  # voiding forgets it
        void_approval(session, edition, reason=why, now=now)
        alert(
            session,
            edition.publication_id,
            key=f"held:{edition.key}:{edition.revision}:{int(due)}",
            subject=f"Edition {edition.name} was due and did NOT go out",
            lines=[why],
            now=now,
        )


def editions_pace(settings: Settings) -> Pace:
    """What is left of the provider's rate, and the lanes' own rates."""
    lanes = {str(lane): rate for lane, rate in settings.lane_rates.items()}
    return Pace(settings.send_rate - notices_rate(settings), lanes)


def notices_rate(settings: Settings) -> float:
    """Messages a second kept for notices; 0 where there is no limit."""
    return settings.send_rate * NOTICES_SHARE


def make_the_rounds(rounds: Iterable[Callable[[float], object]]) -> bool:
    """Carry out each duty of the house, whatever became of the one before; whether any had work."""
    worked = False
    for duty in rounds:
        try:
            worked |= bool(duty(time.time()))
        except DatabaseError:
            raise
        except Exception:
            log.exception("a duty of the house failed; it is tried again")
    return worked


def keep_house(database: Database, retention: Retention, *, now: float) -> bool:
    """Wake readers whose pause is over; forget what has been kept long enough."""
    woken = database.transact(lambda session: resume_due(session, now=now))
    forgotten = forget(database, retention, now=now)
    return bool(woken or forgotten)
