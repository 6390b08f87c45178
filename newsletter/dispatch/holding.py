"""What one worker holds: batches, windows that are with the provider, and a turn's decisions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.dispatch.handoff import Window
from newsletter.dispatch.imprints import ImprintedEdition
from newsletter.dispatch.ledger import Lease
from newsletter.dispatch.mailing import Readers


@dataclass(eq=False)
class Held:
    """A batch that we hold a lease on; `handed_to` is how far we handed it off."""

    lease: Lease
    edition: ImprintedEdition
    handed_to: int
    flights: int = 0
    drained: bool = False
    let_go: bool = False
    """The edition stopped or the lease was lost: hand off nothing more."""
    is_lost: bool = False
    """Another worker has it: there is no lease to renew while our windows land."""

    @property
    def is_ending(self) -> bool:
        """Nothing more of it is handed off."""
        return self.drained or self.let_go

    @property
    def is_over(self) -> bool:
        """The provider has nothing of it any more either."""
        return self.is_ending and not self.flights


@dataclass(frozen=True)
class Flight:
    """A window that the provider has."""

    held: Held
    window: Window
    readers: Readers


@dataclass
class Step:
    """What one transaction decided; carried out once it has committed."""

    launches: list[Flight] = field(default_factory=list)
    drained: list[Held] = field(default_factory=list)
    let_go: list[Held] = field(default_factory=list)
    handed_to: dict[int, int] = field(default_factory=dict)
    """Batch -> how far it is handed off now."""
    claimed: Sequence[Lease] = ()
    wait: float = 0.0

    def goes_on(self, held: Held) -> bool:
        """Whether more of the batch is to be handed off."""
        return not held.is_ending and held not in self.drained and held not in self.let_go

    def handed_to_of(self, held: Held) -> int:
        return self.handed_to.get(held.lease.batch_id, held.handed_to)

    def advance(self, held: Held, positions: range) -> None:
        """Note a hand-off, unless there is a gap before it: a hand-off that we never heard of."""
        if positions.start == self.handed_to_of(held):
            self.handed_to[held.lease.batch_id] = positions.stop
