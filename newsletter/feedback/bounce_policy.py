"""What a bounce means, and what follows from an event. Pure: words in, words out.

The enhanced status code (RFC 3463, registry of RFC 5248) is trusted over the provider's word:
a full mailbox (5.2.2) reaches us as *blocked*, a policy refusal (5.7.1) as *bounce*.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from newsletter.feedback.events import BounceKind, EventKind, NormalEvent, Rejection
from newsletter.providers.smtp_replies import is_about_us

DAY = 86_400
SOFT_WINDOW = 30 * DAY
SOFT_DAYS = 3
"""A mailbox that bounced softly on so many days within the window gets no more mail."""

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII)

BY_CODE: dict[str, BounceKind] = {
    "5.1.0": BounceKind.HARD,  # other address status
    "5.1.1": BounceKind.HARD,  # no such mailbox
    "5.1.2": BounceKind.HARD,  # no such domain
    "5.1.3": BounceKind.HARD,  # not an address
    "5.1.6": BounceKind.HARD,  # moved, no forwarding
    "5.1.10": BounceKind.HARD,  # null MX (RFC 7505)
    "5.2.1": BounceKind.HARD,  # mailbox disabled
    "5.2.2": BounceKind.SOFT,  # mailbox full
    "5.2.3": BounceKind.MESSAGE,  # too long for this mailbox
    "5.3.4": BounceKind.MESSAGE,  # too big for this system
}
BY_SUBJECT: dict[str, BounceKind] = {
    "5.3": BounceKind.SOFT,  # mail system
    "5.4": BounceKind.SOFT,  # network and routing
    "5.6": BounceKind.MESSAGE,  # content or media
    "5.7": BounceKind.BLOCK,  # security or policy
}
SAYS_NOTHING = "5.0.0"
"""RFC 3463 §3.1, *other undefined status*: only that it is for good."""


class Consequence(StrEnum):
    """What follows from an event for the person."""

    NONE = "none"
    SUPPRESS = "suppress"
    COUNT_SOFT = "count soft"
    COMPLAIN = "complain"
    LEAVE = "leave"
    ALERT = "alert"


BOUNCES = frozenset({EventKind.BOUNCED, EventKind.REFUSED})
ENDS_MAIL = frozenset({Consequence.SUPPRESS, Consequence.COMPLAIN, Consequence.LEAVE})

BY_BOUNCE: dict[BounceKind, Consequence] = {
    BounceKind.HARD: Consequence.SUPPRESS,
    BounceKind.SOFT: Consequence.COUNT_SOFT,
    BounceKind.BLOCK: Consequence.ALERT,
    BounceKind.MESSAGE: Consequence.ALERT,
}
BY_REJECTION: dict[Rejection, Consequence] = {
    Rejection.BOUNCED: Consequence.SUPPRESS,
    Rejection.INVALID: Consequence.SUPPRESS,
    Rejection.SPAM: Consequence.COMPLAIN,
    Rejection.UNSUBSCRIBED: Consequence.LEAVE,
    Rejection.BLOCKED: Consequence.ALERT,
    Rejection.OTHER: Consequence.ALERT,
}


def enhanced_code(*texts: str) -> str | None:
    """The first enhanced status code in the texts that says something; else the first at all."""
    found = [match[1] for text in texts for match in _ENHANCED.finditer(text)]
    return next((code for code in found if not code.endswith(".0.0")), next(iter(found), None))


def classify(code: str | None, word: BounceKind | None) -> BounceKind:
    """Whose fault a bounce is: by the code, else by the provider's word, else soft.

    A 5.x.x that the tables don't know counts as soft: it may be nobody's fault for long.
    """
    if code is None or code == SAYS_NOTHING:
        return word or BounceKind.SOFT
    subject = code.rpartition(".")[0]
    return BY_CODE.get(code) or BY_SUBJECT.get(subject) or BounceKind.SOFT


def blame(code: str | None, words: str) -> BounceKind:
    """Whose fault a bounce is by a mail server's own words; no provider has put them in order."""
    return BounceKind.BLOCK if is_about_us(code, words) else classify(code, None)


def consequence(event: NormalEvent) -> Consequence:
    """What follows from an event for the person that it is about."""
    if event.kind == EventKind.COMPLAINED:
        return Consequence.COMPLAIN
    if event.kind == EventKind.UNSUBSCRIBED:
        return Consequence.LEAVE
    if event.kind == EventKind.DROPPED:
        return BY_REJECTION[event.rejection or Rejection.OTHER]
    if event.kind in BOUNCES:
        return BY_BOUNCE[event.bounce or BounceKind.SOFT]
    return Consequence.NONE


class Past(NamedTuple):
    """One earlier event of a reader: delivered, or one of `BOUNCES`."""

    edition_id: int | None
    kind: str
    bounce: str | None
    at: float


def is_worn_out(history: Iterable[Past]) -> bool:
    """Whether a reader's mailbox bounced softly on 3 different days (UTC) within 30.

    A delivery in between starts the count anew, unless that very delivery bounced after all.
    """
    by_edition: dict[int | None, list[Past]] = defaultdict(list)
    for past in history:
        by_edition[past.edition_id].append(past)
    arrived = [at for pasts in by_edition.values() for at in _arrivals(pasts)]
    since = max(arrived, default=float("-inf"))
    soft = [
        past.at
        for pasts in by_edition.values()
        for past in pasts
        if past.bounce == BounceKind.SOFT and past.at > since
    ]
    first = max(soft, default=0.0) - SOFT_WINDOW
    return len({at // DAY for at in soft if at > first}) >= SOFT_DAYS


def _arrivals(pasts: list[Past]) -> list[float]:
    """When one edition arrived for good."""
    if any(past.kind in BOUNCES for past in pasts):
        return []
    return [past.at for past in pasts if past.kind == EventKind.DELIVERED]
