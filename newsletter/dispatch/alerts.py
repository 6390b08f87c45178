"""Alerts: a person is needed. Logged at once, mailed to ALERT_EMAIL, posted to the web hook."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import Session

from newsletter.dispatch.control import pause
from newsletter.dispatch.models import BATCH, AlertPost
from newsletter.dispatch.queue import queue_notice
from newsletter.dispatch.states import OPEN_BATCHES
from newsletter.editions.library import Imported
from newsletter.editions.locks import own_edition
from newsletter.editions.states import EditionState
from newsletter.publications import Publication

log = logging.getLogger(__name__)


def alert(
    session: Session,
    publication_id: int,
    *,
    key: str,
    subject: str,
    lines: Sequence[str],
    now: float,
) -> None:
    """Queue an alert, once per `key` (made of ids and ISO dates, never of formatted text)."""
    queued = queue_notice(
        session,
        publication_id=publication_id,
        kind="alert",
        email="",  # ALERT_EMAIL, looked up when it is sent
        data={"heading": subject, "lines": list(lines)},
        dedupe_key=f"alert:{key}",
        now=now,
    )
    if queued:
        _queue_post(session, publication_id, key=key, subject=subject, lines=lines, now=now)
        log.error("%s: %s", subject, " ".join(lines))


def _queue_post(
    session: Session,
    publication_id: int,
    *,
    key: str,
    subject: str,
    lines: Sequence[str],
    now: float,
) -> None:
    """Keep an alert for the web hook (hooks.py), whether or not one is set."""
    payload = {
        "type": "newsletter.alert",
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
        "data": {
            "publication": session.get_one(Publication, publication_id).slug,
            "key": key,
            "subject": subject,
            "lines": list(lines),
        },
    }
    session.add(AlertPost(payload=payload, created_at=now, due_at=now))


def alert_of_import(session: Session, imported: Imported, *, now: float) -> None:
    """Tell a person where an import took a scheduled edition off its way."""
    if imported.was_due is None:
        return
    edition = imported.edition
    alert(
        session,
        edition.publication_id,
        key=f"voided:{edition.key}:{edition.revision}:{int(imported.was_due)}",
        subject=f"Edition {edition.name} will NOT go out as scheduled",
        lines=[
            f"It was changed after its approval (revision {edition.revision}).",
            f"Look at it again, then: newsletter edition approve {edition.name}, and schedule it.",
        ],
        now=now,
    )


def pause_and_alert(session: Session, edition_id: int, *, reason: str, now: float) -> None:
    """Pause a running edition and tell a person why."""
    edition = own_edition(session, edition_id)
    if edition.state != EditionState.SENDING:
        return  # whoever had the lock before us has cancelled or closed it, or paused it as we would
    pause(session, edition_id, reason=reason, now=now)
    alert(
        session,
        edition.publication_id,
        key=f"paused:{edition_id}:{int(now)}",
        subject=f"Edition {edition.name} is paused",
        lines=[
            f"Why: {reason.rstrip('.')}.",
            f"When it is put right: newsletter edition resume {edition.name}",
        ],
        now=now,
    )


def pause_all_and_alert(session: Session, provider: str, *, reason: str, now: float) -> None:
    """Pause all running editions that wait for a provider, and tell a person why."""
    waiting = (
        select(BATCH.c.edition_id)
        .where(BATCH.c.provider == provider, BATCH.c.state.in_(OPEN_BATCHES))
        .distinct()
    )
    for edition_id in sorted(session.scalars(waiting)):
        pause_and_alert(session, edition_id, reason=reason, now=now)
