"""A server's replies, and what each of them says about a message.

Where a message stands when the reply comes decides as much as the code: before its body is sent
nothing can have been taken; after the final dot only a reply tells.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from newsletter.providers.base import Outcome

READY_FOR_DATA = 354
SERVICE_CLOSING = 421
NOT_OURS_TO_SEND = frozenset({530, 534, 535, 538})
"""AUTH is wanted, too weak, wrong or must be encrypted (RFC 4954 §6)."""

LONGEST_REPLY = 32_768
"""RFC 5321 §4.5.3.1.5 allows 512 octets a line; this many without an end are no reply."""
TEXT_KEPT = 500
REPLIES_KEPT = 64
"""A server has a handful of replies, besides those that name each message."""

SENDER_AT_FAULT = frozenset({"5.1.7", "5.1.8"})
"""Our address, or its domain, is not to the server's liking (RFC 3463 §3.2): said at RCPT by
servers that wait with every refusal until then."""
POLICY = "5.7."
"""Security or policy (RFC 3463 §3.8)."""

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_POLICY_WORDS = re.compile(
    r"\b(relay\w*|authenticat\w+|polic(y|ies)|reputation|spam\w*|black-?list\w*|block-?list\w*)\b",
    re.IGNORECASE,
)


class MalformedReplyError(ConnectionError):
    """What came is no SMTP reply: the rest of the conversation can't be trusted."""


class Reply(NamedTuple):
    """One reply, its lines joined; RFC 5321 §4.2."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        return self.code // 100 == 2  # noqa: PLR2004 - the first digit, RFC 5321 §4.2.1

    @property
    def transient(self) -> bool:
        return self.code // 100 == 4  # noqa: PLR2004

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 2034 §4), where the text begins with one."""
        match = _ENHANCED.match(self.text)
        return match[1] if match else None


class ReplyReader:
    """Cuts what a connection brings into replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []
        self._known: dict[bytes, Reply] = {}

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. Raises MalformedReplyError."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_REPLY or len(self._lines) > LONGEST_REPLY // 4:
            raise MalformedReplyError("a reply that does not end")
        return [reply for line in lines if (reply := self._reply(line)) is not None]

    def _reply(self, line: bytes) -> Reply | None:
        """The reply that `line` completes; most say what a server says to every message."""
        known = None if self._lines else self._known.get(line)
        if known is not None:
            return known
        alone, reply = not self._lines, self._line(line)
        if alone and reply is not None:
            if len(self._known) >= REPLIES_KEPT:
                self._known.clear()
            self._known[line] = reply
        return reply

    def _line(self, line: bytes) -> Reply | None:
        if not line[:3].isdigit():
            raise MalformedReplyError("a line without a reply code")
        words = line[4:].decode("utf-8", "replace").strip()
        if line[3:4] == b"-":
            self._lines.append(words)
            return None
        if self._lines:  # most replies have one line
            words = " ".join((*self._lines, words))
            self._lines.clear()
        return Reply(int(line[:3]), words[:TEXT_KEPT])


def is_about_us(enhanced: str | None, text: str) -> bool:
    """Whether a refusal says that the server won't take mail from us, whoever it is for.

    By the enhanced code; where none came (Exim gives none), by the words that servers use.
    """
    if enhanced is not None:
        return enhanced.startswith(POLICY) or enhanced in SENDER_AT_FAULT
    return _POLICY_WORDS.search(text) is not None


def before_body(reply: Reply) -> Outcome:
    """A reply other than yes to RCPT or DATA: nothing was taken, and the server says for how long."""
    code, text = str(reply.code), reply.text
    if reply.transient or reply.positive:
        wide = reply.code == SERVICE_CLOSING
        return Outcome.later(code, text, enhanced=reply.enhanced, provider_wide=wide)
    return Outcome.refused(code, text, enhanced=reply.enhanced)


@lru_cache(REPLIES_KEPT)
def after_body(reply: Reply) -> Outcome:
    """The reply to the final dot.

    A 5xx there is *unsure*, not refused: content filters have been seen to answer one after a
    message was queued, and the ledger would rather ask a person than claim what it can't know.
    """
    code, text = str(reply.code), reply.text
    if reply.positive:
        return Outcome.accepted(code, text)
    if reply.transient:
        wide = reply.code == SERVICE_CLOSING
        return Outcome.later(code, text, enhanced=reply.enhanced, provider_wide=wide)
    return Outcome.unsure(code, text, enhanced=reply.enhanced)
