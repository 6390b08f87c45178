"""Addresses: read, compared, grouped and shown.

An address is kept as it was entered; its *key* (domain in ASCII, all case-folded) says whether
two are the same reader. RFC 5321 §2.4 lets a local part be case-sensitive; no server that
people use is.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from email_validator import (
    SPECIAL_USE_DOMAIN_NAMES,
    EmailNotValidError,
    ValidatedEmail,
    validate_email,
)

from subscribers.address_lists import DISPOSABLE_DOMAINS, ROLES
from subscribers.errors import AddressRefused, InvalidAddress
from subscribers.words import Lane

KeyedHash = Callable[[str], str]
"""Maps an address key to a hex digest that nobody without the secret can reproduce."""

HASH_MARK = "hash:"
"""Begins the key of somebody erased; no address key has it, since it holds no @."""

_MAX_LENGTH = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
_MAX_LOCAL = 64  # RFC 5321 §4.5.3.1.1
_MAX_NAME = 200

# Nearly every address is of this form; the rest go the long way (31 µs against 1).
_PLAIN_LOCAL = re.compile(rf"(?=[^@]{{1,{_MAX_LOCAL}}}@)[a-z0-9_+%-]+(?:\.[a-z0-9_+%-]+)*@")
_PLAIN_LINES = re.compile(r"(?:[a-z0-9_+%-]++(?:\.[a-z0-9_+%-]++)*+@[^@\n]*+\n)*+")
_PLAIN_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
# Domains under them are refused, or allowed, by the long way's own table.
_SPECIAL_TLDS = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)

_OTHER = Lane.OTHER.value
_LANES = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), Lane.GMAIL.value),
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr",
         "hotmail.de", "hotmail.it", "hotmail.es", "outlook.de", "outlook.fr", "live.co.uk",
         "live.nl", "live.fr"),
        Lane.OUTLOOK.value,
    ),
    **dict.fromkeys(
        ("yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk", "yahoo.fr",
         "yahoo.de", "yahoo.it", "yahoo.es", "yahoo.co.in", "yahoo.ca", "yahoo.com.br"),
        Lane.YAHOO.value,
    ),
}  # fmt: skip

_COMMON_DOMAINS = (*_LANES, "icloud.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net",
                   "web.de", "orange.fr", "free.fr", "comcast.net", "fastmail.com")  # fmt: skip


class Rule(StrEnum):
    """What becomes of addresses of one sort."""

    ALLOW = "allow"
    WARN = "warn"
    """Taken, and whoever typed it is told what may go wrong."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses a publication takes. Domains are case-folded, in ASCII."""

    international: Rule = Rule.ALLOW
    """With letters beyond ASCII before the @: not every server can reach them (RFC 6531)."""
    disposable: Rule = Rule.ALLOW
    """At a domain that gives out addresses for an hour."""
    roles: Rule = Rule.ALLOW
    """Those that reach a role and not a person: abuse, noreply, postmaster (RFC 2142)."""
    refused_domains: frozenset[str] = frozenset()
    """Not taken whatever else is allowed; subdomains are refused with them."""


ANY_ADDRESS = AddressPolicy()


class Address(NamedTuple):
    """An address that mail can be sent to (a tuple, since imports make millions)."""

    email: str
    key: str
    domain: str
    lane: str


def parse(text: str, policy: AddressPolicy = ANY_ADDRESS) -> Address:
    """Read an address; raise InvalidAddress or AddressRefused, with the reason."""
    email = text.strip()
    address = plain(email) or _parse_long(email)
    _refuse(address, policy)
    return address


def plain(email: str) -> Address | None:
    """Read an address of the form that nearly all have; None where it takes a longer look."""
    if not email.isascii() or len(email) > _MAX_LENGTH:
        return None
    key = email.lower()
    domain = key.partition("@")[2]
    lane = _lane_of_plain(domain)
    if lane is None or _PLAIN_LOCAL.match(key) is None:
        return None
    return Address(email, key, domain, lane)


class PlainColumns(NamedTuple):
    """What `plain` says of many addresses."""

    keys: list[str]
    lanes: list[str]


def plain_columns(emails: Sequence[str]) -> PlainColumns | None:
    """Read many addresses as `plain` does; None where one of them takes a longer look.

    Without a step of Python for each: an import reads a million.
    """
    if not "".join(emails).isascii() or max(map(len, emails)) > _MAX_LOCAL:
        return None  # nobody's local part is too long where no address is longer
    keys = list(map(str.lower, emails))
    if _PLAIN_LINES.fullmatch("\n".join(keys) + "\n") is None:
        return None
    lanes = list(map(_lane_of_plain, "@".join(keys).split("@")[1::2]))
    if None in lanes:
        return None
    return PlainColumns(keys, lanes)  # type: ignore[arg-type]  # none is None: the line above


@lru_cache(maxsize=10_000)
def _lane_of_plain(domain: str) -> str | None:
    """Name the lane of a domain of the usual form, else None; few domains make many readers."""
    if _PLAIN_DOMAIN.fullmatch(domain) is None or domain.rpartition(".")[2] in _SPECIAL_TLDS:
        return None
    return lane_of(domain)


def _parse_long(email: str) -> Address:
    try:
        found: ValidatedEmail = validate_email(
            email, allow_smtputf8=True, check_deliverability=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise InvalidAddress(f"{email[:80]!r} is not an address: {error}") from error
    if len(email.rpartition("@")[0].encode()) > _MAX_LOCAL:  # the library counts only if asked
        raise InvalidAddress(
            f"{email[:80]!r} is not an address: more than {_MAX_LOCAL} octets before the @."
        )
    domain = found.ascii_domain.lower()
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    return Address(email, f"{local}@{domain}", domain, lane_of(domain))


def doubts(address: Address, policy: AddressPolicy) -> tuple[str, ...]:
    """Say what may go wrong with an address that is taken, for whoever typed it."""
    return tuple(words for rule, words in _objections(address, policy) if rule == Rule.WARN)


def _refuse(address: Address, policy: AddressPolicy) -> None:
    for rule, words in _objections(address, policy):
        if rule == Rule.REFUSE:
            raise AddressRefused(f"{words} Please use another address.")


def _objections(address: Address, policy: AddressPolicy) -> Iterator[tuple[Rule, str]]:
    """What speaks against an address, and how much it weighs here."""
    local, domain = address.key.rpartition("@")[0], address.domain
    if not local.isascii():
        yield policy.international, "Letters beyond a–z before the @ can't reach every server."
    if _is_among(domain, policy.refused_domains):
        yield Rule.REFUSE, f"Addresses at {domain} are not taken."
    if _is_among(domain, DISPOSABLE_DOMAINS):
        yield policy.disposable, f"Addresses at {domain} don't last."
    if local in ROLES:
        yield policy.roles, f"{local}@ reaches a role, not a person."


def _is_among(domain: str, domains: Collection[str]) -> bool:
    """Whether a domain, or one above it, is there."""
    parts = domain.split(".")
    return any(".".join(parts[number:]) in domains for number in range(len(parts)))


def lane_of(domain: str) -> str:
    """Name the group of receiving servers behind a domain in lower case."""
    return _LANES.get(domain, _OTHER)


def suggest(address: Address) -> str | None:
    """Propose a common domain that was probably meant (gmial.com); shown, never applied."""
    meant = _likely_meant(address.domain)
    return f"{address.email.rpartition('@')[0]}@{meant}" if meant else None


@lru_cache(maxsize=10_000)
def _likely_meant(domain: str) -> str | None:
    """A common domain that is written nearly like this one; None for one of them."""
    if domain in _COMMON_DOMAINS:
        return None
    close = difflib.get_close_matches(domain, _COMMON_DOMAINS, n=1, cutoff=0.85)
    return close[0] if close else None


def throttle_key(address: Address) -> str:
    """Fold what reaches the same mailbox: plus tags everywhere, and Gmail's dots.

    For counting only: two readers may well differ in it.
    """
    local = address.key.rpartition("@")[0].partition("+")[0]
    if address.lane == Lane.GMAIL:
        return local.replace(".", "") + "@gmail.com"
    return f"{local}@{address.domain}"


def hashed_key(email_key: str, hash_of: KeyedHash) -> str:
    """Make the key under which the suppression of somebody erased is kept."""
    return HASH_MARK + hash_of(email_key)


def mask(email: str) -> str:
    """Show an address to whoever holds a mail, which may have been forwarded: a•••@example.org."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


_WITHIN = re.compile(r"""[^\s<>()\[\]"',;:@]+@[^\s<>()\[\]"',;:@]+""")


def mask_within(text: str) -> str:
    """Mask the addresses that a text holds, such as a server's words about a mail."""
    return _WITHIN.sub(lambda found: mask(found[0]), text)


def clean_name(name: str) -> str:
    """Make a name fit for a header: no control or format characters, one line, not too long."""
    visible = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in name)
    return " ".join(visible.split())[:_MAX_NAME]
