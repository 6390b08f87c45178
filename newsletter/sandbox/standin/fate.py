"""What becomes of a message after it was taken: the events that SendGrid would post.

An address whose local part begins with one of the words below meets that fate whatever its share;
`bounce-7@example.com` bounces in every run.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from newsletter.sandbox.standin.options import Shares, fraction

Event = Mapping[str, str]


class Fate(StrEnum):
    """The value is the word that begins a local part."""

    HARD_BOUNCE = "bounce"
    MAILBOX_FULL = "full"
    POLICY_BLOCK = "blocked"
    DROPPED = "dropped"
    DEFERRED = "deferred"
    COMPLAINT = "complain"
    DELIVERED = "delivered"


BY_WORD = {fate.value: fate for fate in Fate}


def _event(**fields: str) -> Event:
    return MappingProxyType(fields)


DELIVERED = _event(event="delivered", response="250 2.0.0 OK")

EVENTS: Mapping[Fate, tuple[Event, ...]] = MappingProxyType(
    {
        Fate.HARD_BOUNCE: (
            _event(
                event="bounce",
                type="bounce",
                status="5.1.1",
                reason="550 5.1.1 The email account that you tried to reach does not exist.",
                bounce_classification="Invalid Address",
            ),
        ),
        Fate.MAILBOX_FULL: (
            _event(
                event="bounce",
                type="blocked",
                status="5.2.2",
                reason="552 5.2.2 The mailbox is full.",
                bounce_classification="Mailbox Unavailable",
            ),
        ),
        Fate.POLICY_BLOCK: (
            _event(
                event="bounce",
                type="blocked",
                status="5.7.1",
                reason="550 5.7.1 The message was refused by local policy.",
                bounce_classification="Reputation",
            ),
        ),
        Fate.DROPPED: (_event(event="dropped", reason="Bounced Address"),),
        Fate.DEFERRED: (
            _event(event="deferred", response="451 4.7.1 Try again later.", attempt="1"),
            DELIVERED,
        ),
        Fate.COMPLAINT: (DELIVERED, _event(event="spamreport")),
        Fate.DELIVERED: (DELIVERED,),
    }
)


def fate_of(email: str, *, seed: int, shares: Shares) -> Fate:
    """The fate of a message to `email`: by its first word, else by its place in the shares."""
    word = email.partition("@")[0].lower().partition("-")[0]
    if word in BY_WORD:
        return BY_WORD[word]
    place = fraction(seed, "fate", email)
    for fate, share in (
        (Fate.HARD_BOUNCE, shares.hard_bounce),
        (Fate.MAILBOX_FULL, shares.mailbox_full),
        (Fate.POLICY_BLOCK, shares.policy_block),
        (Fate.DROPPED, shares.dropped),
        (Fate.DEFERRED, shares.deferred),
        (Fate.COMPLAINT, shares.complaint),
    ):
        if place < share:
            return fate
        place -= share
    return Fate.DELIVERED
