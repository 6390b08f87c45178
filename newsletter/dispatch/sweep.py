"""Sweep: what dead workers left behind, and editions whose rows are all final. Idempotent."""

from typing import NamedTuple

from sqlalchemy import exists, func, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_model

from newsletter.database import db_now
from newsletter.dispatch.locks import lock_edition
from newsletter.dispatch.models import BATCH, DELIVERY, Batch
from newsletter.dispatch.states import OPEN_BATCHES, BatchState, DeliveryState
from newsletter.editions.locks import own_edition
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState, check_transition


class DeadLease(NamedTuple):
    """A batch whose worker has not renewed its lease."""

    edition_id: int
    batch_id: int


def dead_leases(session: Session) -> list[DeadLease]:
    """Every lease that has run out by the database's clock, in lock order."""
    rows = session.execute(
        select(BATCH.c.edition_id, BATCH.c.id)
        .where(BATCH.c.state == BatchState.LEASED, BATCH.c.leased_until < db_now())
        .order_by(BATCH.c.edition_id, BATCH.c.id)
    )
    return [DeadLease(*row) for row in rows]


def bury(session: Session, dead: DeadLease) -> int:
    """Take a dead worker's batch back; return how many of its deliveries are now unsure.

    Rows handed off without an outcome may or may not have been sent. The rest was not, and goes
    back to ready.
    """
    lock_edition(session, dead.edition_id)
    batch = session.exec(
        select_model(Batch)
        .where(
            Batch.id == dead.batch_id,
            Batch.state == BatchState.LEASED,
            col(Batch.leased_until) < db_now(),
        )
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if batch is None:
        return 0
    in_doubt = (
        (DELIVERY.c.batch_id == dead.batch_id)
        & (DELIVERY.c.position < batch.handed_to)
        & (DELIVERY.c.state == DeliveryState.QUEUED)
    )
    session.execute(
        select(DELIVERY.c.subscriber_id)
        .where(in_doubt)
        .order_by(DELIVERY.c.subscriber_id)
        .with_for_update()
    )
    unsure = session.exec(
        update(DELIVERY).where(in_doubt).values(state=DeliveryState.UNSURE, unsure_at=db_now())
    ).rowcount
    batch.state = BatchState.READY if _has_queued(session, dead.batch_id) else BatchState.DONE
    batch.token = batch.leased_until = None
    session.add(batch)
    return int(unsure)


def sending_editions(session: Session) -> list[int]:
    """Ids of the editions that might be done."""
    return list(
        session.execute(
            select(Edition.id).where(col(Edition.state) == EditionState.SENDING)  # type: ignore[call-overload]
        ).scalars()
    )


def close_if_final(session: Session, edition_id: int) -> bool:
    """Call an edition sent when every row is final; return whether it is.

    Under the edition's lock: two workers that finish at the same moment each miss the other's
    rows under READ COMMITTED, and would leave it *sending* for ever.
    """
    if _has_open_batch(session, edition_id):
        return False  # not worth making everybody wait
    edition = own_edition(session, edition_id)
    if edition.state != EditionState.SENDING:
        return edition.state == EditionState.SENT
    if _has_open_batch(session, edition_id) or count_unsure(session, edition_id):
        return False
    if _doubt_stranded(session, edition_id):
        return False
    check_transition(edition.name, edition.state, EditionState.SENT)
    edition.state = EditionState.SENT
    edition.finished_at = session.execute(select(db_now())).scalar_one()
    session.add(edition)
    return True


def _doubt_stranded(session: Session, edition_id: int) -> bool:
    """Call unsure whatever is queued in a batch that is done; there should be none."""
    stranded = session.exec(
        update(DELIVERY)
        .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.state == DeliveryState.QUEUED)
        .values(state=DeliveryState.UNSURE, unsure_at=db_now())
    ).rowcount
    return bool(stranded)


def count_unsure(session: Session, edition_id: int) -> int:
    unsure: int = session.execute(
        select(func.count())
        .select_from(DELIVERY)
        .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.state == DeliveryState.UNSURE)
    ).scalar_one()
    return unsure


def _has_open_batch(session: Session, edition_id: int) -> bool:
    return bool(
        session.execute(
            select(
                exists().where(
                    BATCH.c.edition_id == edition_id,
                    BATCH.c.state.in_(OPEN_BATCHES),
                )
            )
        ).scalar_one()
    )


def _has_queued(session: Session, batch_id: int) -> bool:
    return bool(
        session.execute(
            select(
                exists().where(
                    DELIVERY.c.batch_id == batch_id, DELIVERY.c.state == DeliveryState.QUEUED
                )
            )
        ).scalar_one()
    )
