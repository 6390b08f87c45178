"""Returned mails become events, as every provider's webhooks do.

A mail that comes back is proof of nothing: anybody may write one. What counts is the token in the
address that it comes back to, which only the message itself and who carried it have seen. The
intake has looked for it; a mail without one is kept and has no effect.
"""

import hashlib
import logging
import re
from email import message_from_bytes
from itertools import islice

from newsletter.feedback.bounce_policy import blame
from newsletter.feedback.events import EventKind, NormalEvent
from newsletter.feedback.returned.guesses import guess
from newsletter.feedback.returned.reports import Finding, read_report
from newsletter.one_line import one_line
from subscribers.addresses import mask_within

log = logging.getLogger(__name__)

PROVIDER = "mail"
MAX_WORDS = 500
READ_BYTES = 128 * 1024
"""Of a mail: reports stand before the original that they are about."""
GUESSED_BYTES = 32 * 1024
"""Of a mail that keeps to no standard: what it says stands at its beginning."""
MOST_NESTED = 20
"""Parts that may hold others: a bounce of a bounce has a handful. The parser takes as long as a mail
is long times as deep, and a thousand levels defeat it."""
_NESTED = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)

NOTHING = Finding(EventKind.UNKNOWN, "mail")
UNREADABLE = Finding(EventKind.UNKNOWN, "unreadable")


def packed(reference: str, mail: bytes) -> bytes:
    """A mail and the key of the delivery whose token it bears ("" for none), for the inbox."""
    return reference.encode("ascii") + b"\n" + mail


def normalise(body: bytes, *, received_at: float) -> list[NormalEvent]:
    """Read what `packed` made; whatever the mail holds, one event comes out."""
    reference, _, mail = body.partition(b"\n")
    finding = _finding(mail) if reference else NOTHING
    reason = _fit(finding.reason)
    bounced = finding.kind == EventKind.BOUNCED
    return [
        NormalEvent(
            provider=PROVIDER,
            kind=finding.kind,
            at=received_at,
            reference=reference.decode("ascii", "replace"),
            email="",  # it names where the mail went in the end, which may be a forwarding's target
            raw={"event": _fit(finding.word), "status": finding.code},
            event_id=hashlib.sha256(mail).hexdigest(),
            code=finding.code,
            reason=reason or None,
            summary=(finding.code or _fit(finding.word)) if bounced else None,
            bounce=blame(finding.code, reason) if bounced else None,
        )
    ]


def _fit(words: str) -> str:
    """A server's words on one line, not long, and without the address that they like to repeat."""
    return mask_within(one_line(words)[:MAX_WORDS])


def _finding(mail: bytes) -> Finding:
    if sum(1 for _ in islice(_NESTED.finditer(mail), MOST_NESTED + 1)) > MOST_NESTED:
        return UNREADABLE
    try:
        found = read_report(message_from_bytes(mail[:READ_BYTES]))
        return found or guess(message_from_bytes(mail[:GUESSED_BYTES])) or NOTHING
    except (RecursionError, ValueError, LookupError):
        # The parser promises never to fail, and yet does for some headers.
        log.warning("a returned mail can't be read", exc_info=True)
        return UNREADABLE
