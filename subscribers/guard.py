"""Keeping sign-up from being used against others: list bombing, floods, robots.

Counts live in one table, so that several web processes share them. Keys are hashed: the table
holds no address.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import delete, select, text
from sqlmodel import Session

from subscribers.addresses import Address, KeyedHash, throttle_key
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


def allows(
    session: Session,
    policy: GuardPolicy,
    *,
    publication_id: int,
    address: Address,
    ip: str,
    hash_of: KeyedHash,
    now: float,
) -> bool:
    """Tell whether one more confirmation mail may leave, and count it if so.

    The narrowest cap comes first: a flood for one victim must not use up what is left for the
    others. What a narrow cap counted stays counted where a wider one then refuses.
    """
    wanted = _caps(policy, publication_id, address, ip)
    return all(take(session, hash_of(what), cap, now=now) for what, cap in wanted)


def _caps(
    policy: GuardPolicy, publication_id: int, address: Address, ip: str
) -> Iterator[tuple[str, Cap]]:
    kinds = [
        ("address", throttle_key(address), policy.per_address),
        ("domain", address.domain, policy.per_domain),
        ("publication", str(publication_id), policy.per_publication),
    ]
    if ip:
        kinds.insert(1, ("ip", ip_prefix(ip), policy.per_ip_prefix))
    for kind, value, caps in kinds:
        for cap in caps:
            yield f"signup {kind} {value} {cap.seconds:.0f}", cap


# Written out: five of them stand in every sign-up, and building each anew took a third of it.
_TAKE = text("""
    INSERT INTO throttle (key, window_start, count, expires_at) VALUES (:key, :now, 1, :end)
    ON CONFLICT (key) DO UPDATE SET
        window_start = CASE WHEN throttle.expires_at <= excluded.window_start
            THEN excluded.window_start ELSE throttle.window_start END,
        count = CASE WHEN throttle.expires_at <= excluded.window_start
            THEN 1 ELSE throttle.count + 1 END,
        expires_at = CASE WHEN throttle.expires_at <= excluded.window_start OR :strict = 1
            THEN excluded.expires_at ELSE throttle.expires_at END
    WHERE throttle.expires_at <= excluded.window_start OR throttle.count < :limit
    RETURNING count
""")


def take(session: Session, key: str, cap: Cap, *, now: float) -> bool:
    """Count one more under a key, in one statement; False, and nothing counted, at the cap."""
    counted = session.connection().execute(
        _TAKE,
        {
            "key": key,
            "now": now,
            "end": now + cap.seconds,
            "strict": int(cap.strict),
            "limit": cap.limit,
        },
    )
    return counted.first() is not None


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
