"""The ledger's locks, taken in one order everywhere: edition, batches, deliveries by their key.

SQLite has no rows to lock: whoever writes has the whole file.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlmodel import Session

from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.editions.locks import wait_in_line
from newsletter.editions.models import EDITION
from subscribers.among import among, among_given


class LockedEdition(NamedTuple):
    """What has to hold while its row is locked."""

    state: str
    revision: int
    approved_hash: str | None


class LockedBatch(NamedTuple):
    """What the ledger's steps need of a batch while its row is locked."""

    id: int
    edition_id: int
    variant: str
    lane: str
    provider: str
    due_at: float
    attempt: int
    handed_to: int
    composition_id: int | None
    tells_later: bool | None


BATCH_COLUMNS = tuple(BATCH.c[name] for name in LockedBatch._fields)

_EDITION = (
    select(*(EDITION.c[name] for name in LockedEdition._fields))
    .where(EDITION.c.id == bindparam("edition_id"))
    .with_for_update(read=True)
)
_BATCHES = (
    select(*BATCH_COLUMNS)
    .where(among_given(BATCH.c.id, "batch_ids"))
    .order_by(BATCH.c.id)
    .with_for_update()
)


def lock_edition(session: Session, edition_id: int) -> LockedEdition:
    """Take the edition's row FOR SHARE: pause, cancel and revise (FOR UPDATE) wait for us."""
    wait_in_line(session, edition_id, shared=True)
    return LockedEdition(*session.execute(_EDITION, {"edition_id": edition_id}).one())


def lock_batches(session: Session, batch_ids: Collection[int]) -> dict[int, LockedBatch]:
    """Lock batches in the order of their ids; return them by id."""
    if not batch_ids:
        return {}
    rows = session.execute(_BATCHES, {"batch_ids": batch_ids})
    return {row[0]: LockedBatch(*row) for row in rows}


def lock_deliveries(session: Session, edition_id: int, subscriber_ids: Iterable[int]) -> None:
    """Lock deliveries in the order of their key."""
    if session.get_bind().dialect.name == "sqlite":
        return
    session.execute(
        select(DELIVERY.c.subscriber_id)
        .where(
            DELIVERY.c.edition_id == edition_id,
            among(DELIVERY.c.subscriber_id, list(subscriber_ids)),
        )
        .order_by(DELIVERY.c.subscriber_id)
        .with_for_update()
    )
