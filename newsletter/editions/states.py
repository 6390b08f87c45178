"""An edition's states, as a table of transitions."""

from enum import StrEnum

from newsletter.errors import EditionError


class EditionState(StrEnum):
    """Where an edition stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


TRANSITIONS: dict[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset(
        # straight to SENT: only what is brought in for the archive
        {EditionState.APPROVED, EditionState.CANCELLED, EditionState.SENT}
    ),
    EditionState.APPROVED: frozenset(
        {EditionState.DRAFT, EditionState.SCHEDULED, EditionState.CANCELLED}
    ),
    EditionState.SCHEDULED: frozenset(
        # back to DRAFT: changed after approval
        {
            EditionState.DRAFT,
            EditionState.SENDING,
            EditionState.CANCELLED,
        }
    ),
    EditionState.SENDING: frozenset(
        {EditionState.PAUSED, EditionState.SENT, EditionState.CANCELLED}
    ),
    EditionState.PAUSED: frozenset({EditionState.SENDING, EditionState.CANCELLED}),
    EditionState.SENT: frozenset(),
    EditionState.CANCELLED: frozenset(),
}


def check_transition(name: str, now: str, wanted: EditionState) -> None:
    """Raise EditionError, with what may be done instead, where the table has no such step."""
    allowed = TRANSITIONS[EditionState(now)]
    if wanted not in allowed:
        if not allowed:
            raise EditionError(f"Edition {name} is {now} for good: it can't be {wanted} any more.")
        choices = ", ".join(sorted(allowed))
        raise EditionError(
            f"Edition {name} is {now} and can't become {wanted}; it can become {choices}."
        )
