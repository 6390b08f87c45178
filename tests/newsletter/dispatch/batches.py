"""Batches and deliveries as a dispatcher leaves them, for tests in which nobody sends."""

from typing import Any

from sqlmodel import Session

from newsletter.dispatch.models import Batch, Delivery


def add_batch(session: Session, edition_id: int, **differs: Any) -> Batch:
    """Store the one batch of an edition; unless it `differs`, it was handed over long ago."""
    values: dict[str, Any] = {
        "chunk": 0,
        "variant": "linked",
        "lane": "other",
        "ordinal": 0,
        "provider": "sendgrid",
        "state": "done",
        "due_at": 0.0,
        "size": 1,
        **differs,
    }
    values.setdefault("tells_later", values["provider"] == "sendgrid")
    batch = Batch(edition_id=edition_id, **values)
    session.add(batch)
    session.flush()
    return batch


def add_delivery(
    session: Session, batch: Batch, subscriber_id: int, state: str, **differs: Any
) -> None:
    """Store a reader's delivery, the batch's first unless its `position` differs."""
    values: dict[str, Any] = {"position": 0, "tracking": batch.variant, **differs}
    session.add(
        Delivery(
            edition_id=batch.edition_id,
            subscriber_id=subscriber_id,
            batch_id=batch.key,
            state=state,
            **values,
        )
    )
    session.flush()
