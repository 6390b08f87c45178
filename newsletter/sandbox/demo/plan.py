"""The demo's figures, in one place."""

from dataclasses import dataclass, field
from typing import Any

from newsletter.sandbox.standin.options import Shares


@dataclass(frozen=True, kw_only=True)
class DemoPlan:
    """How large and how fast; times are in seconds.

    `rate` is in messages a second, of which the worker keeps a tenth for notices. `batch` is also
    what a single request carries at most, and so what a crash leaves in doubt for each of them.
    """

    readers: int = 5_000
    rate: float = 700.0
    batch: int = 250
    lease_seconds: float = 6.0
    kill_at: float = 0.4
    """The share of the readers that are served when the worker is killed."""
    hung_seconds: float = 8.0
    """How long the stand-in is silent about the two requests that the kill falls into."""
    next_readers: int = 200
    """Who gets the next edition, which the reader who left must not be among."""
    patience: float = 90.0
    """How long the demo waits for any one thing before it says that something is wrong."""
    standin: dict[str, Any] = field(
        default_factory=lambda: {
            "delivery_seconds": 2.0,
            "soonest_reading_seconds": 5.5,
            "reading_seconds": 7.5,
            "shares": Shares(reads=0.36, prefetched=0.18, scanned=0.003),
        }
    )


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """What `--json` prints. Once all is settled, delivered + bounced = sent = recipients.

    `bounced` includes what the provider dropped; a complained mail counts as delivered. `missing`
    and `duplicates` are counted in the stand-in's journal.
    """

    edition: str
    recipients: int
    sent: int
    delivered: int
    bounced: int
    complained: int
    unsure: int
    missing: int
    duplicates: int
    opens_people: int
    opens_machine: int
    clicks: int
    unsubscribed: int
    site: str

    @property
    def is_sound(self) -> bool:
        """Whether nobody was left out, nobody got it twice, and the figures add up."""
        return (
            self.delivered + self.bounced == self.sent == self.recipients
            and self.missing == self.duplicates == self.unsure == 0
        )
