"""The lookout: what nobody would notice until it is too late. Once a minute, by the worker.

An edition that does not move, small mails that nobody takes, batches that wait for a provider which
is not the settings' any more, a disk that is nearly full.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import case, exists, func, or_, select
from sqlmodel import Session, col

from newsletter.database import Database, db_now
from newsletter.dispatch.alerts import alert
from newsletter.dispatch.models import BATCH, DELIVERY, NOTICE
from newsletter.dispatch.progress import UNDER_WAY, waiting
from newsletter.dispatch.states import BatchState
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from newsletter.publications import Publication
from newsletter.settings import Settings

log = logging.getLogger(__name__)

STUCK_SECONDS = 900.0
"""So long a batch may be due, and nothing be accepted, before a person is told."""
HOUR, DAY = 3600, 86_400


class Stranded(NamedTuple):
    """Batches of an edition that only another provider may send."""

    edition: Edition
    provider: str
    batches: int

    @property
    def cure(self) -> str:
        return (
            "To go on with the settings' provider: "
            f"newsletter edition reroute {self.edition.name}. "
            f"Or set provider back to {self.provider} until it is sent."
        )


class Disk(NamedTuple):
    """A file system and how full it is, from 0 to 1."""

    path: Path
    used: float


def look_out(database: Database, settings: Settings, *, now: float) -> None:
    """Alert a person to what has come to a standstill, or soon will."""
    database.transact(lambda session: _alert_of_stranded(session, settings.provider, now=now))
    database.transact(lambda session: _alert_of_stuck(session, settings.provider, now=now))
    database.transact(lambda session: _alert_of_waiting_notices(session, now=now))
    full = [disk for disk in disks(settings) if disk.used > settings.disk_full_at]
    if full:
        database.transact(lambda session: _alert_of_disks(session, full, now=now))


def stranded(session: Session, provider: str) -> list[Stranded]:
    """What is ready to be sent, but was frozen for another provider than the settings name.

    Of editions that are paused too: whoever resumes one would wait for ever.
    """
    rows = session.execute(
        select(BATCH.c.edition_id, BATCH.c.provider, func.count())
        .join_from(BATCH, Edition, col(Edition.id) == BATCH.c.edition_id)
        .where(
            BATCH.c.state == BatchState.READY,
            BATCH.c.provider != provider,
            col(Edition.state).in_(UNDER_WAY),
        )
        .group_by(BATCH.c.edition_id, BATCH.c.provider)
        .order_by(BATCH.c.edition_id, BATCH.c.provider)
    )
    return [Stranded(session.get_one(Edition, key), name, count) for key, name, count in rows]


def disks(settings: Settings) -> Iterator[Disk]:
    """The file systems that we write to: the SQLite file's and the mail folder's."""
    for path in {_file_system(place) for place in _places(settings)}:
        usage = shutil.disk_usage(path)
        if usage.total:  # pseudo file systems have no size
            yield Disk(path, 1 - usage.free / usage.total)


def _places(settings: Settings) -> Iterator[Path]:
    scheme, _, file = settings.database_url.partition(":///")
    if scheme.startswith("sqlite") and file:
        yield Path(file).parent
    if settings.provider == "folder":
        yield settings.mail_folder


def _file_system(path: Path) -> Path:
    """The nearest folder that is there: the mail folder is made with the first mail."""
    return next(one for one in (path, *path.absolute().parents) if one.is_dir())


def _alert_of_stranded(session: Session, provider: str, *, now: float) -> None:
    for one in stranded(session, provider):
        if one.edition.state == EditionState.PAUSED:
            continue  # somebody's hand is on it
        alert(
            session,
            one.edition.publication_id,
            key=f"stranded:{one.edition.key}:{one.provider}:{provider}",
            subject=f"Edition {one.edition.name} waits for provider {one.provider}",
            lines=[
                f"{one.batches} batches were made for {one.provider}, and the settings name {provider}.",
                one.cure,
            ],
            now=now,
        )


def _alert_of_stuck(session: Session, provider: str, *, now: float) -> None:
    clock = session.execute(select(db_now())).scalar_one()
    # A provider that is away puts first attempts off, again and again; a deferred reader's is over.
    put_off_since = case((BATCH.c.attempt == 0, BATCH.c.put_off_since))
    due = exists().where(
        BATCH.c.edition_id == Edition.id,
        BATCH.c.state == BatchState.READY,
        or_(BATCH.c.due_at < clock - STUCK_SECONDS, put_off_since < clock - STUCK_SECONDS),
    )
    editions = session.scalars(
        select(Edition).where(col(Edition.state) == EditionState.SENDING, due)
    ).all()
    for edition in editions:
        if _moves(session, edition, since=clock - STUCK_SECONDS):
            continue
        alert(
            session,
            edition.publication_id,
            key=f"stuck:{edition.key}:{int(clock // HOUR)}",
            subject=f"Edition {edition.name} does not move",
            lines=[
                f"Mails have been due for {STUCK_SECONDS / 60:.0f} minutes and none was accepted.",
                *(
                    f"{provider} says: {one['why']}"
                    for one in waiting(session, edition.key, provider)
                ),
                "See that a worker with the queue dispatch runs, and: newsletter doctor",
            ],
            now=now,
        )


def _moves(session: Session, edition: Edition, *, since: float) -> bool:
    if edition.started_at is not None and edition.started_at > since:
        return True
    accepted = select(DELIVERY.c.edition_id).where(
        DELIVERY.c.edition_id == edition.key, DELIVERY.c.accepted_at > since
    )
    return session.execute(accepted.limit(1)).first() is not None


def _alert_of_waiting_notices(session: Session, *, now: float) -> None:
    """Tell of confirmations and the like that wait since long, through no fault of their own.

    A provider that is away or refuses the key uses up none of their attempts (notices.py).
    """
    clock = session.execute(select(db_now())).scalar_one()
    waiting_long = (
        (NOTICE.c.state == "queued")
        & (NOTICE.c.kind != "alert")
        & (NOTICE.c.attempt == 0)
        & (NOTICE.c.created_at < clock - STUCK_SECONDS)
    )
    rows = session.execute(
        select(NOTICE.c.publication_id, func.count(), func.max(NOTICE.c.error))
        .where(waiting_long)
        .group_by(NOTICE.c.publication_id)
        .order_by(NOTICE.c.publication_id)
    ).all()
    for publication_id, count, error in rows:
        alert(
            session,
            publication_id,
            key=f"notices:{publication_id}:{int(clock // HOUR)}",
            subject=f"{count} confirmations and other small mails wait",
            lines=[
                f"The provider says: {error}"
                if error
                else "No worker with the queue notices has sent them, or may.",
                "See what is wrong: newsletter doctor",
            ],
            now=now,
        )


def _alert_of_disks(session: Session, full: list[Disk], *, now: float) -> None:
    """Tell each publication once a day: whoever reads its alerts may be the only one who does."""
    for publication in session.scalars(select(Publication).order_by(col(Publication.id))):
        for disk in full:
            alert(
                session,
                publication.key,
                key=f"disk:{publication.key}:{disk.path}:{int(now // DAY)}",
                subject=f"The disk is nearly full: {disk.used:.0%} of {disk.path}",
                lines=["Make room: a send that can't be written down waits until there is some."],
                now=now,
            )
