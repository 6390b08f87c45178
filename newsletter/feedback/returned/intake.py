"""The intake of returned mail: whose token does it bear, and into the inbox with it.

Each message went out with a return path of its own (VERP), `bounces+TOKEN@news.example.org`. It
stands in the returned mail as its recipient (`To`, `Delivered-To`, `X-Original-To`, or what the
mail server names when it calls us), and in the part of the original that is quoted.
"""

import re

from sqlmodel import Session

from newsletter.dispatch.mailing import delivery_key
from newsletter.errors import ConfigurationError, TokenError
from newsletter.feedback.inbox import receive
from newsletter.feedback.returned.reader import PROVIDER, packed
from newsletter.site import Site
from newsletter.tokens import Purpose

MOST_BYTES = 256 * 1024
"""Kept of a mail: reports come first, and the original that follows them may be of any size."""
MOST_TOKENS = 20
"""Looked at in one mail, which a stranger may have filled with them."""


def take_in(session: Session, mail: bytes, site: Site, *, recipient: str = "", now: float) -> bool:
    """Store a returned mail; return whether it bears a token of ours and will have an effect.

    `recipient` is the address that it came to, where the mail server says so.
    """
    mail = mail[:MOST_BYTES]
    reference = find_reference(mail, site, recipient=recipient)
    receive(session, PROVIDER, packed(reference, mail), now=now)
    return bool(reference)


def find_reference(mail: bytes, site: Site, *, recipient: str = "") -> str:
    """The key of the delivery whose return path the mail bears; empty where it bears none.

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
        try:
            edition_id, subscriber_id = site.signer.read_caseless(
                Purpose.BOUNCE, match[1].decode("ascii")
            )
        except (TokenError, ValueError):
            continue
        return delivery_key(edition_id, subscriber_id)
    return ""
