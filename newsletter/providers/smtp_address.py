"""Addresses as they stand in MAIL and RCPT."""

import re
from functools import lru_cache

_UNFIT = re.compile(r"[\x00-\x20\x7f<>]")


class AddressError(ValueError):
    """An address that can't be written into a command."""


def path(address: str, *, smtputf8: bool = False) -> bytes:
    """`address` for between the angle brackets of MAIL or RCPT (RFC 5321 §4.1.2).

    The domain is given in its ASCII form (RFC 5890); a local part beyond ASCII as UTF-8, to a
    server with SMTPUTF8 (RFC 6531 §3.3). Raises AddressError for one where the server has none, and
    for control characters, blanks and brackets, which could smuggle in a command.
    """
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or _UNFIT.search(address):
        raise AddressError(f"{address!r} can't be written as an SMTP address.")
    if not (smtputf8 or local.isascii()):
        raise AddressError(
            f"{address!r} has letters beyond a–z before its @, which the SMTP server does not carry "
            "(no SMTPUTF8). Such readers can be kept from signing up: signup_international."
        )
    try:
        return local.encode() + b"@" + _ascii_domain(domain)
    except UnicodeError as error:
        raise AddressError(f"{address!r} has a domain that has no ASCII form.") from error


@lru_cache(maxsize=1024)  # each reader has a sender of their own, and they share a few domains
def _ascii_domain(domain: str) -> bytes:
    return domain.encode("ascii" if domain.isascii() else "idna")
