"""New batches for deliveries that leave theirs: a retry, changed preferences, a resend."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlmodel import Session

from newsletter.dispatch.locks import LockedBatch
from newsletter.dispatch.models import BATCH, DELIVERY, Batch
from newsletter.dispatch.states import BatchState, DeliveryState
from subscribers.among import among


class PutOff(NamedTuple):
    """What a provider said that would not take a message now, and since when it says so."""

    words: str
    since: float


def requeue(
    session: Session,
    origin: LockedBatch,
    subscriber_ids: Sequence[int],
    *,
    variant: str,
    due_at: float,
    attempt: int,
    put_off: PutOff | None = None,
) -> int:
    """Put deliveries of `origin`, as queued, into a batch of their own; return its id.

    A batch that has accepted or unsure rows is never sent again as a whole: what goes out again
    goes in a new one. Rows keep their positions, which are unique within what they come from.
    """
    batch = Batch(
        edition_id=origin.edition_id,
        # below zero: not the freeze's; unique through the batch that it comes from
        chunk=-origin.id,
        variant=variant,
        lane=origin.lane,
        ordinal=_next_ordinal(session, origin, variant),
        provider=origin.provider,
        tells_later=origin.tells_later,  # events about an earlier message may come at any moment
        state=BatchState.READY,
        due_at=due_at,
        attempt=attempt,
        size=len(subscriber_ids),
        put_off=put_off.words if put_off else None,
        put_off_since=put_off.since if put_off else None,
    )
    session.add(batch)
    session.flush()
    session.exec(
        update(DELIVERY)
        .where(
            DELIVERY.c.edition_id == origin.edition_id,
            among(DELIVERY.c.subscriber_id, subscriber_ids),
        )
        .values(
            batch_id=batch.key,
            state=DeliveryState.QUEUED,
            tracking=variant.partition("-")[0],
            unsure_at=None,
        )
    )
    return batch.key


def _next_ordinal(session: Session, origin: LockedBatch, variant: str) -> int:
    highest = session.execute(
        select(func.max(BATCH.c.ordinal)).where(
            BATCH.c.edition_id == origin.edition_id,
            BATCH.c.chunk == -origin.id,
            BATCH.c.variant == variant,
            BATCH.c.lane == origin.lane,
        )
    ).scalar()
    return 0 if highest is None else highest + 1
