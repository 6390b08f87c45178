"""The words in the tables' columns: what `state`, `reason`, `tracking`, `lane` and `kind` may be.

Apart from the tables, so that a process that only reads a file starts without the database.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a subscription stands; `states.py` draws how it gets there."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"


class Tracking(StrEnum):
    """What a reader lets us know: opens linked to them, counted without a name, or nothing."""

    LINKED = "linked"
    COUNTED = "counted"
    OFF = "off"


class Lane(StrEnum):
    """The group of receiving servers that an address belongs to; each has a pace of its own."""

    GMAIL = "gmail"
    OUTLOOK = "outlook"
    YAHOO = "yahoo"
    OTHER = "other"


class SuppressionReason(StrEnum):
    """Why an address gets no mail, whatever it subscribes to."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    SOFT_BOUNCES = "soft_bounces"
    MANUAL = "manual"
    IMPORTED = "imported"
    PROVIDER = "provider"
    ERASED = "erased"


class ConsentKind(StrEnum):
    """What was agreed to: the newsletter, or being tracked by name."""

    MAIL = "mail"
    TRACKING = "tracking"
