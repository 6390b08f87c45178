"""The audit log: who did what to which thing, in the transaction that did it."""

from typing import Any

from sqlmodel import Session, col, select

from newsletter.accounts.models import AuditEntry


def record(
    session: Session, *, actor: str, act: str, subject: str, now: float, **details: Any
) -> None:
    """Add an entry; it is stored with the act itself, or not at all.

    `act` is a verb such as `edition.approve`, `subject` what it was done to (`edition
    2026-11-22`); `details` are JSON values and hold no secret and no reader's address.
    """
    session.add(AuditEntry(at=now, actor=actor, act=act, subject=subject, details=details))


def recent(session: Session, *, limit: int = 100) -> list[AuditEntry]:
    """The latest entries, newest first."""
    latest = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(limit)
    return list(session.exec(latest))
