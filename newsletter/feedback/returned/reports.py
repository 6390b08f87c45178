"""What a returned mail says, by the standards for it. Pure.

Delivery status notifications (RFC 3464, with RFC 6533's for addresses beyond ASCII) and feedback
reports (RFC 5965, "this is spam").
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from newsletter.feedback.bounce_policy import enhanced_code
from newsletter.feedback.events import EventKind

Mail: TypeAlias = "Message[Any, Any]"

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
FEEDBACK_TYPE = "message/feedback-report"
ACTIONS: dict[str, EventKind] = {
    # RFC 3464 §2.3.3; the first that occurs decides. Relayed and expanded say nothing more.
    "failed": EventKind.BOUNCED,
    "delayed": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
}
FEEDBACK: dict[str, EventKind] = {
    # RFC 5965 §7.3. Virus, not-spam, auth-failure (RFC 6591) and other are no reader's complaint.
    "abuse": EventKind.COMPLAINED,
    "fraud": EventKind.COMPLAINED,
    "opt-out": EventKind.UNSUBSCRIBED,
}
_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_COMMENT = re.compile(r"\s?\([^()]*\)")
"""Linear: whatever opens without an end is given up at the next bracket."""

# Anybody may write such a mail, and as long as they like.
MOST_BLOCKS = 100
LONGEST_FIELD = 1_000
"""Characters of a field's value."""


class Finding(NamedTuple):
    """What one mail says of the message that it is about; `word` is the mail's own for it."""

    kind: EventKind
    word: str
    code: str | None = None
    reason: str = ""


def read_report(mail: Mail) -> Finding | None:
    """What a standard report says; None where the mail is none."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind in STATUS_TYPES:
            return _delivery_status(list(islice(_blocks(part), MOST_BLOCKS)))
        if kind == FEEDBACK_TYPE:
            return _feedback(list(islice(_blocks(part), MOST_BLOCKS)))
    return None


def _delivery_status(blocks: list[Mail]) -> Finding | None:
    """The worst of what is said of the recipients (a forwarded mail may have had several)."""
    said = [(field(block, "Action").lower(), block) for block in blocks]
    for action, kind in ACTIONS.items():
        for word, block in said:
            if word == action:
                diagnosis = field(block, "Diagnostic-Code")
                code = enhanced_code(field(block, "Status"), diagnosis)
                return Finding(kind, action, code, diagnosis or code or action)
    words = [word for word, _ in said if word]
    return Finding(EventKind.UNKNOWN, words[0]) if words else None


def _feedback(blocks: list[Mail]) -> Finding | None:
    for block in blocks:
        word = field(block, "Feedback-Type").lower()
        if word:
            return Finding(FEEDBACK.get(word, EventKind.UNKNOWN), word)
    return None


def field(block: Mail, name: str) -> str:
    """A field's value on one line, without comments (RFC 5322 §3.2.2); empty where it is missing."""
    value = " ".join(str(block.get(name, ""))[:LONGEST_FIELD].split())
    return value if name == "Diagnostic-Code" else _COMMENT.sub("", value).strip()


def _blocks(part: Mail) -> Iterator[Mail]:
    """The groups of fields in a part, of which blank lines make several (RFC 3464 §2.1.1)."""
    payload = part.get_payload()
    inner = payload if isinstance(payload, list) else [payload]
    for one in inner:
        if isinstance(one, Message):
            yield one
            text = one.get_payload()
        else:
            text = one
        if isinstance(text, str):
            yield from (
                HeaderParser().parsestr(block.lstrip())
                for block in _BLANK_LINE.split(text, maxsplit=MOST_BLOCKS)
            )
