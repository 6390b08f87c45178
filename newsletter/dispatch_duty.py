"""The worker's dispatch duty: freezes what is due, sends it, sweeps up, closes what is done."""

import logging
import time
from collections.abc import Sequence
from functools import partial

from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch import freeze, settle, sweep
from newsletter.dispatch.alerts import alert
from newsletter.dispatch.dispatcher import NOT_SENDABLE, Dispatcher
from newsletter.dispatch.outcomes import Lesson
from newsletter.dispatch.pacing import editions_pace
from newsletter.dispatch.permission import require_safe
from newsletter.editions.approval import require_approved, void_approval
from newsletter.editions.locks import own_edition
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from newsletter.errors import ConfigurationError, DatabaseError, NotApproved
from newsletter.feedback.refusals import learn
from newsletter.providers.base import Provider
from newsletter.publications import Publication
from newsletter.settings import Settings
from newsletter.site import Site

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
LOOK_SECONDS = 0.3
"""Between two looks for an edition that is due, while another is going out."""
PUT_ASIDE_SECONDS = 60.0
DATABASE_AWAY_SECONDS = 1.0


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
        learn(session, lessons, provider=self._provider, now=time.time())

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
