"""The queue of notices: small mails to one person each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from newsletter.dispatch.models import NOTICE
from subscribers.bulk_insert import BulkInsert
from subscribers.upsert import add_new


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice to be queued; `data` is what its words need."""

    publication_id: int
    kind: str
    email: str
    subscriber_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def queue_notice(
    session: Session,
    *,
    publication_id: int,
    kind: str,
    email: str,
    now: float,
    subscriber_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    dedupe_key: str | None = None,
) -> bool:
    """Queue a notice; return False where one with this `dedupe_key` was queued before."""
    notice = NewNotice(publication_id, kind, email, subscriber_id, data or {})
    return add_new(session, NOTICE, _row(notice, dedupe_key, now=now), key="dedupe_key")


def queue_notices(session: Session, notices: Sequence[NewNotice], *, now: float) -> None:
    """Queue any number of notices, in their order."""
    _ADD.run(session, [_row(notice, None, now=now) for notice in notices])


_ADD = BulkInsert(
    NOTICE,
    ("publication_id", "kind", "email", "subscriber_id", "data", "dedupe_key", "state", "due_at",
     "attempt", "created_at"),
)  # fmt: skip


def _row(notice: NewNotice, dedupe_key: str | None, *, now: float) -> dict[str, object]:
    return {
        "publication_id": notice.publication_id,
        "kind": notice.kind,
        "email": notice.email,
        "subscriber_id": notice.subscriber_id,
        "data": dict(notice.data),
        "dedupe_key": dedupe_key,
        "state": "queued",
        "due_at": now,
        "attempt": 0,
        "created_at": now,
    }
