"""Keeping sign-up from being used against others: list bombing, floods, robots.

Counts live in one table, so that several web processes share them. Keys are hashed: the table
holds no address.
"""

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlmodel import Session

from subscribers.addresses import Address, KeyedHash, throttle_key
from subscribers.bulk_insert import BulkInsert, offered
from subscribers.models import THROTTLE

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` times in `seconds`.

    A *strict* one holds for any stretch of that length, since its window ends that long after
    the last time that was let through; it suits small limits. The others count from the first
    time on, and may let twice the limit through across the turn of a window.
    """

    limit: int
    seconds: float
    strict: bool = False


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """How many confirmation mails a publication lets strangers cause."""

    per_address: tuple[Cap, ...] = (Cap(1, 15 * _MINUTE, strict=True), Cap(3, _DAY, strict=True))
    per_ip_prefix: tuple[Cap, ...] = (Cap(30, _HOUR),)
    per_domain: tuple[Cap, ...] = (Cap(2_000, _HOUR),)
    per_publication: tuple[Cap, ...] = (Cap(20_000, _HOUR),)


class Asker(NamedTuple):
    """Who causes a mail: to which address, at which publication, from where."""

    publication_id: int
    address: Address
    ip: str
    """Empty where there is none."""


def allow(
    session: Session,
    policy: GuardPolicy,
    askers: Sequence[Asker],
    *,
    hash_of: KeyedHash,
    now: float,
) -> list[bool]:
    """Tell for each asker in turn whether one more mail may leave, and count it if so.

    The narrowest cap comes first: a flood for one victim must not use up what is left for the
    others. What a narrow cap counted stays counted where a wider one then refuses.

    All counts are locked until the transaction ends, in two statements for however many askers.
    """
    wanted = [[(hash_of(what), cap) for what, cap in _caps(policy, asker)] for asker in askers]
    counts = _Counts(session, {key for caps in wanted for key, _ in caps}, now=now)
    allowed = [all(counts.take(key, cap) for key, cap in caps) for caps in wanted]
    counts.store(session)
    return allowed


def _caps(policy: GuardPolicy, asker: Asker) -> Iterator[tuple[str, Cap]]:
    kinds = [
        ("address", throttle_key(asker.address), policy.per_address),
        ("domain", asker.address.domain, policy.per_domain),
        ("publication", str(asker.publication_id), policy.per_publication),
    ]
    if asker.ip:
        kinds.insert(1, ("ip", ip_prefix(asker.ip), policy.per_ip_prefix))
    for kind, value, caps in kinds:
        for cap in caps:
            yield f"signup {kind} {value} {cap.seconds:.0f}", cap


class _Window(NamedTuple):
    """The columns of a count, but for its key."""

    start: float
    counted: int
    end: float


class _Counts:
    """Counts by key, locked until the transaction ends."""

    def __init__(self, session: Session, keys: Collection[str], *, now: float) -> None:
        self._now = now
        self._changed: set[str] = set()
        nothing = {"window_start": now, "count": 0, "expires_at": now}
        # In one order for all, so that no two wait for each other.
        found = _LOCKED.run(session, [{"key": key, **nothing} for key in sorted(keys)])
        self._windows = {row.key: _Window._make(row[1:]) for row in found}

    def take(self, key: str, cap: Cap) -> bool:
        """Count one more; False, and nothing counted, at the cap."""
        start, count, end = self._windows[key]
        if end <= self._now:
            start, count, end = self._now, 0, self._now + cap.seconds
        if count >= cap.limit:
            return False
        self._windows[key] = _Window(
            start, count + 1, self._now + cap.seconds if cap.strict else end
        )
        self._changed.add(key)
        return True

    def store(self, session: Session) -> None:
        """Write back what was counted."""
        _STORED.run(
            session,
            [
                {"key": key, **dict(zip(_COLUMNS, self._windows[key], strict=True))}
                for key in sorted(self._changed)
            ],
        )


_COLUMNS = ("window_start", "count", "expires_at")
_LOCKED = BulkInsert(
    THROTTLE,
    ("key", *_COLUMNS),
    key=["key"],
    change={"count": THROTTLE.c["count"]},
    returning=[THROTTLE.c[name] for name in ("key", *_COLUMNS)],
)
_STORED = BulkInsert(
    THROTTLE,
    ("key", *_COLUMNS),
    key=["key"],
    change={name: offered(name) for name in _COLUMNS},
)


def forget_expired(session: Session, *, now: float, limit: int) -> int:
    """Delete up to `limit` counts whose window is over; return how many. A duty of the worker."""
    expired = select(THROTTLE.c.key).where(THROTTLE.c.expires_at <= now).limit(limit)
    gone = session.execute(
        delete(THROTTLE).where(THROTTLE.c.key.in_(expired)).returning(THROTTLE.c.key)
    )
    return len(gone.all())


def ip_prefix(ip: str) -> str:
    """Widen an address of the network to what one customer usually holds: /24, or /56 of IPv6."""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    length = 24 if address.version == 4 else 56  # noqa: PLR2004 - the protocol's number
    return str(ipaddress.ip_network((address, length), strict=False))
