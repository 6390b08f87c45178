"""A subscription's states, as one table.

    (none) ── request ──▶ pending ── confirm ──▶ active ⇄ paused
       │                     │                   │  ▲      │
       └── import ───────────┼──▶ active         │  │      │
                             └───────────────────▼──│──────▼
                                             unsubscribed ── confirm, undo ──▶ active

Nothing but the reader's own confirmation, or their undo, leads out of *unsubscribed*: a request
leaves it where it is (anyone may type an address), and an import has no arrow from there.
Suppression is of the address, not of a subscription: `suppression.py`.
"""

from collections.abc import Mapping
from enum import StrEnum

from subscribers.errors import ImpossibleTransition
from subscribers.models import State, Subscription


class Act(StrEnum):
    """What happens to a subscription."""

    REQUEST = "request"
    CONFIRM = "confirm"
    IMPORT = "import"
    PAUSE = "pause"
    RESUME = "resume"
    LEAVE = "leave"
    UNDO = "undo"


TRANSITIONS: Mapping[tuple[State, Act], State] = {
    (State.PENDING, Act.REQUEST): State.PENDING,
    (State.PENDING, Act.CONFIRM): State.ACTIVE,
    (State.PENDING, Act.IMPORT): State.ACTIVE,  # the import brings the consent that was missing
    (State.PENDING, Act.LEAVE): State.UNSUBSCRIBED,
    (State.ACTIVE, Act.REQUEST): State.ACTIVE,
    (State.ACTIVE, Act.CONFIRM): State.ACTIVE,  # suppressed meanwhile: the address works again
    (State.ACTIVE, Act.IMPORT): State.ACTIVE,
    (State.ACTIVE, Act.PAUSE): State.PAUSED,
    (State.ACTIVE, Act.RESUME): State.ACTIVE,
    (State.ACTIVE, Act.LEAVE): State.UNSUBSCRIBED,
    (State.PAUSED, Act.REQUEST): State.PAUSED,
    (State.PAUSED, Act.CONFIRM): State.ACTIVE,
    (State.PAUSED, Act.IMPORT): State.PAUSED,
    (State.PAUSED, Act.PAUSE): State.PAUSED,  # until another date
    (State.PAUSED, Act.RESUME): State.ACTIVE,
    (State.PAUSED, Act.LEAVE): State.UNSUBSCRIBED,
    (State.UNSUBSCRIBED, Act.REQUEST): State.UNSUBSCRIBED,
    (State.UNSUBSCRIBED, Act.CONFIRM): State.ACTIVE,
    (State.UNSUBSCRIBED, Act.IMPORT): State.UNSUBSCRIBED,  # who left is never brought back
    (State.UNSUBSCRIBED, Act.LEAVE): State.UNSUBSCRIBED,
    (State.UNSUBSCRIBED, Act.UNDO): State.ACTIVE,
}


def after(state: str, act: Act) -> State:
    """Look up where an act leads; raise ImpossibleTransition where no arrow goes."""
    try:
        return TRANSITIONS[State(state), act]
    except KeyError:
        raise ImpossibleTransition(
            f"A subscription that is {state} can't {act}. Look at the reader's timeline first."
        ) from None


def move(subscription: Subscription, act: Act, *, now: float) -> bool:
    """Take a subscription through one act and keep its dates; tell whether its state changed.

    `mailable` is then out of date: the caller ends with `suppression.refresh_mailable`.
    """
    before, subscription.state = subscription.state, after(subscription.state, act)
    if subscription.state != State.PAUSED:
        subscription.paused_until = None
    if subscription.state == before:
        return False
    if subscription.state == State.UNSUBSCRIBED:
        subscription.ended_at = now
    elif before == State.UNSUBSCRIBED:
        subscription.ended_at, subscription.end_reason = None, ""
    return True
