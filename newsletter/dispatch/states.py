"""States of batches and deliveries, as tables of transitions.

A delivery is settled by what is known of it: the dispatcher's outcome first, the provider's
events after, in any order. Its `state` is the latest word in the order below; reports count from
the `*_at` columns, which keep every word.
"""

from enum import StrEnum


class BatchState(StrEnum):
    """Where a batch stands."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN_BATCHES = frozenset({BatchState.READY, BatchState.LEASED})


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"
    EXCLUDED = "excluded"
    UNSURE = "unsure"
    CANCELLED = "cancelled"


OPEN = frozenset({DeliveryState.QUEUED, DeliveryState.UNSURE})
"""Everything else is final."""

BATCH_TRANSITIONS: dict[BatchState, frozenset[BatchState]] = {
    BatchState.READY: frozenset({BatchState.LEASED, BatchState.CANCELLED}),
    BatchState.LEASED: frozenset({BatchState.READY, BatchState.DONE, BatchState.CANCELLED}),
    BatchState.DONE: frozenset(),
    BatchState.CANCELLED: frozenset(),
}

BY_DISPATCHER: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.QUEUED: frozenset(
        {
            DeliveryState.ACCEPTED,
            DeliveryState.REFUSED,
            DeliveryState.FAILED,
            DeliveryState.EXPIRED,
            DeliveryState.EXCLUDED,
            DeliveryState.UNSURE,
            DeliveryState.CANCELLED,
        }
    ),
    DeliveryState.UNSURE: frozenset(
        {DeliveryState.ACCEPTED, DeliveryState.QUEUED, DeliveryState.CANCELLED}
    ),
}
"""What the dispatcher and a person's word may do; nothing else moves by them."""

EVIDENCE_BEFORE: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.DEFERRED: frozenset(
        {DeliveryState.QUEUED, DeliveryState.UNSURE, DeliveryState.ACCEPTED}
    ),
    DeliveryState.DELIVERED: frozenset(
        {
            DeliveryState.QUEUED,
            DeliveryState.UNSURE,
            DeliveryState.ACCEPTED,
            DeliveryState.DEFERRED,
        }
    ),
    DeliveryState.BOUNCED: frozenset(
        {
            DeliveryState.QUEUED,
            DeliveryState.UNSURE,
            DeliveryState.ACCEPTED,
            DeliveryState.DEFERRED,
            # an asynchronous bounce: taken first, returned later
            DeliveryState.DELIVERED,
        }
    ),
    DeliveryState.COMPLAINED: frozenset(
        {
            DeliveryState.QUEUED,
            DeliveryState.UNSURE,
            DeliveryState.ACCEPTED,
            DeliveryState.DEFERRED,
            DeliveryState.DELIVERED,
        }
    ),
}
"""event's state -> the states that it replaces. A late *delivered* never undoes a bounce."""
