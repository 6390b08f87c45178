"""Returned mails become events, as every provider's webhooks do.

A mail that comes back is proof of nothing: anybody may write one. What counts is the token in the
address that it comes back to, which only the message itself and who carried it have seen. The
intake has looked for it; a mail without one is kept and has no effect.
"""

import hashlib
from email import message_from_bytes

from newsletter.feedback.bounce_policy import blame
from newsletter.feedback.events import EventKind, NormalEvent
from newsletter.feedback.returned.guesses import guess
from newsletter.feedback.returned.reports import Finding, read_report
from newsletter.one_line import one_line

PROVIDER = "mail"
MAX_WORDS = 500
NOTHING = Finding(EventKind.UNKNOWN, "mail")


def packed(reference: str, mail: bytes) -> bytes:
    """A mail and the key of the delivery whose token it bears ("" for none), for the inbox."""
    return reference.encode("ascii") + b"\n" + mail


def normalise(body: bytes, *, received_at: float) -> list[NormalEvent]:
    """Read what `packed` made; whatever the mail holds, one event comes out."""
    reference, _, mail = body.partition(b"\n")
    finding = _finding(mail) if reference else NOTHING
    reason = one_line(finding.reason)[:MAX_WORDS]
    bounced = finding.kind == EventKind.BOUNCED
    return [
        NormalEvent(
            provider=PROVIDER,
            kind=finding.kind,
            at=received_at,
            reference=reference.decode("ascii", "replace"),
            email="",  # it names where the mail went in the end, which may be a forwarding's target
            raw={"event": one_line(finding.word)[:MAX_WORDS], "status": finding.code},
            event_id=hashlib.sha256(mail).hexdigest(),
            code=finding.code,
            reason=reason or None,
            summary=(finding.code or finding.word) if bounced else None,
            bounce=blame(finding.code, reason) if bounced else None,
        )
    ]


def _finding(mail: bytes) -> Finding:
    message = message_from_bytes(mail)
    return read_report(message) or guess(message) or NOTHING
