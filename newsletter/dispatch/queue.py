"""The queue of notices: small mails to one person each."""

from typing import Any

from sqlmodel import Session

from newsletter.dispatch.models import NOTICE
from subscribers.upsert import add_new


def queue_notice(
    session: Session,
    *,
    publication_id: int,
    kind: str,
    email: str,
    now: float,
    subscriber_id: int | None = None,
    data: dict[str, Any] | None = None,
    dedupe_key: str | None = None,
) -> bool:
    """Queue a notice; return False where one with this `dedupe_key` was queued before."""
    notice = {
        "publication_id": publication_id,
        "kind": kind,
        "email": email,
        "subscriber_id": subscriber_id,
        "data": data or {},
        "dedupe_key": dedupe_key,
        "state": "queued",
        "due_at": now,
        "attempt": 0,
        "created_at": now,
    }
    return add_new(session, NOTICE, notice, key="dedupe_key")
