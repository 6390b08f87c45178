"""How the stand-in behaves. Everything in it is decided by a seed and the address, never by luck."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Which part of the addresses meets which fate, and which part of the readers does what.

    The fates of a message exclude each other; the acts of a reader don't.
    """

    hard_bounce: float = 0.012
    mailbox_full: float = 0.006
    policy_block: float = 0.002
    dropped: float = 0.001
    deferred: float = 0.03
    complaint: float = 0.0006
    reads: float = 0.42
    clicks: float = 0.3  # of those who read
    prefetched: float = 0.25  # opened by Apple's proxy, whether read or not
    scanned: float = 0.02  # every link called by a mail scanner
    duplicate_events: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInOptions:
    """What a stand-in is started with.

    `delivery_seconds` is the longest time between acceptance and delivery. People read between
    `soonest_reading_seconds` and `reading_seconds` after it: later than the five seconds in which
    a machine would. `kept` is how many mails stay to be looked at. Without `webhook_url`, which
    must be on this machine, no events are posted and nobody reads.
    """

    journal: Path
    api_key: str
    port: int = 0
    webhook_url: str | None = None
    seed: int = 1
    shares: Shares = Shares()
    delivery_seconds: float = 2.0
    soonest_reading_seconds: float = 6.0
    reading_seconds: float = 14.0
    kept: int = 20_000


def fraction(seed: int, purpose: str, address: str) -> float:
    """A number in [0, 1) that is always the same for the same three."""
    digest = blake2b(f"{seed}|{purpose}|{address.lower()}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
