"""Reroute: what was made ready for one provider, and not handed to it, goes to another.

Deliveries are frozen for the provider of the day, and only a worker with that provider takes them.
After a change of PROVIDER they would wait for ever. What the old provider was handed stays with it:
accepted, refused, or unsure until its events, a mail log or a person settle it.
"""

from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlmodel import Session

from newsletter.dispatch.locks import LockedBatch, lock_batches, lock_deliveries
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.progress import UNDER_WAY
from newsletter.dispatch.requeue import requeue
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.dispatch.unsent import unsent_readers
from newsletter.editions.locks import own_edition
from newsletter.errors import EditionError


class Rerouted(NamedTuple):
    """Readers who get the edition from the new provider, and those whom a worker still holds."""

    readers: int
    held: int
    """In batches that a worker has leased with the old provider: it sends them, or dies."""
    lease_ends_at: float | None = None
    """When the last of these leases ends, if that worker died; UTC seconds."""


def reroute(session: Session, edition_id: int, provider: str) -> Rerouted:
    """Give to `provider` whatever waits for another one and was not handed off.

    Raises:
        EditionError: it is not being sent.
    """
    edition = own_edition(session, edition_id)
    if edition.state not in UNDER_WAY:
        raise EditionError(f"Edition {edition.name} is {edition.state}, not being sent.")
    readers = 0
    for batch in _ready_elsewhere(session, edition_id, provider):
        waiting = unsent_readers(session, batch)
        readers += len(waiting)
        if batch.handed_to:
            _divide(session, batch, waiting, provider)
        else:
            _hand_on(session, batch, provider)
    return Rerouted(readers, *_held(session, edition_id, provider))


def _ready_elsewhere(session: Session, edition_id: int, provider: str) -> list[LockedBatch]:
    """Batches that nobody holds, locked; asked again once they are, since a worker may be faster."""
    ready = (
        (BATCH.c.edition_id == edition_id)
        & (BATCH.c.provider != provider)
        & (BATCH.c.state == BatchState.READY)
    )
    locked = lock_batches(session, session.scalars(select(BATCH.c.id).where(ready)).all())
    still = set(session.scalars(select(BATCH.c.id).where(ready)))
    return [batch for key, batch in locked.items() if key in still]


def _hand_on(session: Session, batch: LockedBatch, provider: str) -> None:
    anew = {"provider": provider, "tells_later": None, "put_off": None, "put_off_since": None}
    session.execute(update(BATCH).where(BATCH.c.id == batch.id).values(anew))


def _divide(session: Session, batch: LockedBatch, waiting: list[int], provider: str) -> None:
    """Leave what was handed off in its batch, whose provider is to be remembered."""
    lock_deliveries(session, batch.edition_id, waiting)
    if waiting:
        requeue(
            session,
            batch._replace(provider=provider, tells_later=None),
            waiting,
            variant=batch.variant,
            due_at=batch.due_at,
            attempt=batch.attempt,
        )
    session.execute(update(BATCH).where(BATCH.c.id == batch.id).values(state=BatchState.DONE))


def _held(session: Session, edition_id: int, provider: str) -> tuple[int, float | None]:
    """How many are held with another provider, and until when at most."""
    held, until = session.execute(
        select(func.count(), func.max(BATCH.c.leased_until))
        .select_from(DELIVERY)
        .join(BATCH, BATCH.c.id == DELIVERY.c.batch_id)
        .where(
            BATCH.c.edition_id == edition_id,
            BATCH.c.provider != provider,
            BATCH.c.state == BatchState.LEASED,
            DELIVERY.c.state == DeliveryState.QUEUED,
        )
    ).one()
    return held, until
