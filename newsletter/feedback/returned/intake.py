"""The intake of returned mail: whose token does it bear, and into the inbox with it.

Each message went out with a return path of its own (VERP), `bounces+TOKEN@news.example.org`; a
notice's names the notice. It stands in the returned mail as its recipient (`To`, `Delivered-To`,
`X-Original-To`, or what the mail server names when it calls us), and in the part of the original
that is quoted.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from sqlmodel import Session

from newsletter.dispatch.mailing import delivery_key, notice_key
from newsletter.errors import ConfigurationError, TokenError
from newsletter.feedback.inbox import receive
from newsletter.feedback.returned.reader import PROVIDER, packed
from newsletter.site import Site
from newsletter.tokens import Purpose

MOST_BYTES = 256 * 1024
"""Kept of a mail: reports come first, and the original that follows them may be of any size."""
KEYS: Mapping[Purpose, Callable[..., str]] = {
    Purpose.BOUNCE: delivery_key,
    Purpose.NOTICE: notice_key,
}
MOST_TOKENS = 20
"""Looked at in one mail, which a stranger may have filled with them."""


class Taken(NamedTuple):
    """What became of a returned mail."""

    new: bool
    """False where it had been taken in before: by another worker, or before a crash."""
    ours: bool
    """It bears a token of ours, and so will have an effect."""


def take_in(session: Session, mail: bytes, site: Site, *, recipient: str = "", now: float) -> Taken:
    """Store a returned mail, once.

    `recipient` is the address that it came to, where the mail server says so.
    """
    mail = mail[:MOST_BYTES]
    reference = find_reference(mail, site, recipient=recipient)
    body = packed(reference, mail)
    new = receive(session, PROVIDER, body, now=now, digest=sha256(body).hexdigest())
    return Taken(new, bool(reference))


def find_reference(mail: bytes, site: Site, *, recipient: str = "") -> str:
    """The key of the delivery or notice whose return path the mail bears; empty for none.

    Raises:
        ConfigurationError: no bounce address is set, so nothing was sent with one.
    """
    if not site.bounce_address:
        raise ConfigurationError("Set BOUNCE_ADDRESS first: without it no mail bears a token.")
    box, _, domain = site.bounce_address.rpartition("@")
    address = rf"{re.escape(box)}\+([a-z2-7]+)@{re.escape(domain)}"
    places = recipient.encode("utf-8", "replace") + b"\n" + mail
    found = re.finditer(address.encode(), places, re.IGNORECASE)
    for match, _ in zip(found, range(MOST_TOKENS), strict=False):
        for purpose, key_of in KEYS.items():
            with suppress(TokenError):
                return key_of(*site.signer.read_caseless(purpose, match[1].decode("ascii")))
    return ""
