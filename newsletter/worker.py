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
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum

from newsletter.database import Database
from newsletter.dispatch.hooks import Hook, post_alerts
from newsletter.dispatch.lookout import look_out
from newsletter.dispatch.notices import NoticeSender
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.pacing import Pace, notices_rate
from newsletter.dispatch_duty import DispatchDuty
from newsletter.errors import DatabaseError
from newsletter.feedback.duty import fetch_returned, work_feedback
from newsletter.privacy.retention import Retention, forget
from newsletter.providers.base import Provider
from newsletter.settings import Settings
from newsletter.site import Site
from subscribers.preferences import resume_due

log = logging.getLogger(__name__)

SHORTEST_IDLE, LONGEST_IDLE = 0.1, 1.0
"""Seconds between two looks where there is nothing to do: the longer for how long."""
POSTING_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 60.0
DATABASE_AWAY_SECONDS = 1.0
SIGNAL_SECONDS = 0.5
HANGS_SECONDS = 300.0
"""No piece of work takes so long: not a provider's timeout, nor a mailbox at a slow server."""
COLLECT_AFTER = 20_000
"""Objects that were made and are still there before the youngest are looked through."""


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
        self._at_work_since: dict[threading.Thread, float] = {}
        """When each duty's thread began its present piece of work, by the monotonic clock."""

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
            self._at_work_since[thread] = time.monotonic()
        for thread in threads:
            # In steps: a signal that the kernel gave to another thread is handled by the main
            # thread, once it wakes up.
            while thread.is_alive():
                thread.join(SIGNAL_SECONDS)
        provider.close()

    def stop(self) -> None:
        """Ask the duties to end; safe from a signal handler or another thread."""
        self._stopping.set()

    def why_unwell(self) -> str:
        """Which duty hangs at one piece of work, or has died; empty where none does."""
        for thread, since in list(self._at_work_since.items()):
            if not thread.is_alive() and not self._stopping.is_set():
                return f"{thread.name} has died"
            if time.monotonic() - since > HANGS_SECONDS:
                return f"{thread.name} hangs since {time.monotonic() - since:.0f} s"
        return ""

    def why_not_working(self) -> str:
        """Why it takes no work on, so far as it knows itself; empty where it does."""
        if self._stopping.is_set():
            return "it is stopping"
        return self.why_unwell() if self._at_work_since else "it has not begun"

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
            self._at_work_since[threading.current_thread()] = time.monotonic()
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
