"""The figures that a report is made of."""

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Counts of deliveries. Once all is settled, delivered + bounced = sent.

    `sent` were accepted by the provider; `bounced` includes what the provider dropped;
    `complained` ones are among the delivered; `assumed` ones are sent by policy, without evidence.
    `reported` ones were sent by a provider that says later what became of them: of others nothing
    is known, and their zeros mean nothing, unless bounces come back by mail.
    Opens and clicks are of readers who agreed to be known: each counts once.
    """

    recipients: int = 0
    sent: int = 0
    reported: int = 0
    delivered: int = 0
    bounced: int = 0
    complained: int = 0
    queued: int = 0
    unsure: int = 0
    assumed: int = 0
    refused: int = 0
    failed: int = 0
    expired: int = 0
    excluded: int = 0
    cancelled: int = 0
    opens_people: int = 0
    opens_machine: int = 0
    click_readers: int = 0
    unsubscribed: int = 0

    @property
    def is_reported(self) -> bool:
        """Whether somebody tells what is delivered; of nothing sent, that is nothing."""
        return bool(self.reported or self.delivered or not self.sent)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            *(getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests that name no reader."""

    people: int = 0
    machine: int = 0


@dataclass(frozen=True, slots=True)
class Clicks:
    """Clicks of readers who agreed to be known: how many readers, and how often."""

    readers: int = 0
    people: int = 0
    machine: int = 0


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """One numbered link of an edition."""

    number: int
    url: str
    label: str
    named: Clicks
    counted: Tally

    @property
    def people(self) -> int:
        """Every click by a person, whether we know who or not."""
        return self.named.people + self.counted.people

    @property
    def machine(self) -> int:
        return self.named.machine + self.counted.machine


@dataclass(frozen=True, slots=True)
class Reason:
    """How many bounced (kind of bounce, code) or were left out (state, reason)."""

    kind: str
    reason: str
    count: int
