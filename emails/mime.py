"""The MIME message of a composition: encoded once as a skeleton, filled for every reader.

A skeleton is a row of constants with slots between them. In the quoted-printable bodies each
constant is encoded by itself and every slot stands on a line of its own between soft line breaks
(RFC 2045 §6.7), so that a value of any length fits and no soft break can cut a slot word.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import takewhile
from typing import Self

from emails import headers as fields
from emails.composition import Composition
from emails.errors import HeaderError, SlotError
from emails.quoted_printable import SOFT_BREAK, quoted_printable
from emails.slots import split

SLOT_OCTETS = 400
"""The longest value that a slot in a header may be given; RFC 5321 §4.5.3.1 allows paths of 256."""

_BARE = re.compile(r"[A-Za-z0-9_-]{1,75}")

_TO, _MESSAGE_ID = "to", "message_id"


@dataclass(frozen=True, kw_only=True)
class MailHeaders:
    """What a message says of itself beyond its composition.

    In `list_unsubscribe` (the HTTPS address of RFC 8058), `list_unsubscribe_mailto` and the values
    of `extra`, "{token}" stands for the reader's token. `sender` and `reply_to` are an address or
    `Name <address>`; `date` is in UTC seconds since 1970; `list_id` is "Name <list.host.example>"
    or the bare identifier; `message_id_domain` is our own.
    """

    sender: str
    date: float
    message_id_domain: str
    reply_to: str | None = None
    list_id: str | None = None
    list_unsubscribe: str | None = None
    list_unsubscribe_mailto: str | None = None
    feedback_id: str | None = None
    auto_submitted: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    def message_id(self, key: str) -> str:
        """The whole Message-ID of the delivery `key` (RFC 5322 §3.6.4).

        It is the same each time, so that receivers can drop a duplicate.
        """
        return f"<{key}@{self.message_id_domain}>"


@dataclass(frozen=True, slots=True)
class Port:
    """One way in which one slot's value enters the message."""

    slot: str
    encode: Callable[[str], bytes]


class Skeleton:
    """A message encoded but for its slots. Immutable; `fill` may run in several threads.

    What its bodies hold of a reader is mostly one value, the token, again and again: `_tail` are the
    constants between the places of that last one, so that filling them is one join of bytes. What
    comes before, the headers, is `_head`.
    """

    def __init__(self, pieces: Iterable[bytes | Port]) -> None:
        constants, ports = _alternate(pieces)
        run = _last_run(ports)
        first = len(ports) - run
        self._head = tuple(_interleave(constants[: first + 1], ports[:first]))
        self._tail = [b"", *constants[first + 1 :]]
        self._last = ports[-1] if ports else None
        self.slots = tuple(dict.fromkeys(port.slot for port in ports))

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The whole message for one reader, with CRLF line ends.

        `values` maps every name in `slots`; further ones are ignored. Raises SlotError for a
        missing value, HeaderError for one that cannot stand in its header.
        """
        try:
            head = [
                piece if isinstance(piece, bytes) else piece.encode(values[piece.slot])
                for piece in self._head
            ]
            last = self._last.encode(values[self._last.slot]) if self._last else b""
        except KeyError as error:
            raise SlotError(f"no value for the slot {error}; needed are {self.slots}") from error
        tail = self._tail.copy()
        tail[0] = b"".join(head)
        return last.join(tail)

    def stuffed(self) -> Self:
        """This skeleton, fit for SMTP's DATA but for the final dot.

        No line of it begins with a dot (the bodies write it as =2E, headers begin with a letter or
        a blank), whatever the values are, so there is nothing to double (RFC 5321 §4.5.2).
        """
        return self


def build_skeleton(composition: Composition, headers: MailHeaders) -> Skeleton:
    """Encode everything of the message that is the same for all readers.

    Its slots are "to" (an address, or `Name <address>`), "message_id" (with angle brackets) and
    those of the composition. HeaderError when a header's value would inject another or doesn't
    fit; SlotError when `headers` ask for a slot that the composition has not.
    """
    words = {**composition.slots, _TO: "Q0to0Q", _MESSAGE_ID: "Q0messageid0Q"}
    boundary = f"=_{composition.digest[:32]}"  # "=_" cannot occur in quoted-printable
    lines = _header_lines(composition, headers, words)
    return Skeleton(
        [
            *_headers(lines, words),
            *_subject(composition.subject, composition.slots),
            *_alternatives(composition, boundary),
        ]
    )


def _header_lines(
    composition: Composition, headers: MailHeaders, words: Mapping[str, str]
) -> dict[str, str]:
    """Header name -> value, slot words in place; those that were not given are left out."""
    values = {
        "From": fields.mailbox("From", headers.sender),
        "To": words[_TO],
        "Reply-To": headers.reply_to and fields.mailbox("Reply-To", headers.reply_to),
        "Date": format_datetime(datetime.fromtimestamp(headers.date, UTC)),
        "Message-ID": words[_MESSAGE_ID],
        "MIME-Version": "1.0",
        "List-ID": headers.list_id and _list_id(headers.list_id),
        **_unsubscribe(headers),
        "Feedback-ID": headers.feedback_id,
        "Auto-Submitted": "auto-generated" if headers.auto_submitted else None,
        **{name: fields.unstructured(value) for name, value in headers.extra.items()},
    }
    return {
        name: _put_token(name, value, composition.slots) for name, value in values.items() if value
    }


def _list_id(value: str) -> str:
    """`Name <list.host>` or `list.host` as RFC 2919 §3 wants it."""
    fields.require_one_line("List-ID", value)
    phrase, _, identifier = value.rpartition("<")
    bracketed = f"<{identifier.removesuffix('>').strip()}>"
    return f"{fields.phrase(phrase.strip())} {bracketed}" if phrase.strip() else bracketed


def _unsubscribe(headers: MailHeaders) -> dict[str, str]:
    """List-Unsubscribe (RFC 2369 §3.2), one-click where there is an HTTPS address (RFC 8058 §3.1)."""
    web, mail = headers.list_unsubscribe, headers.list_unsubscribe_mailto
    mailto = mail and (mail if mail.startswith("mailto:") else f"mailto:{mail}")
    targets = [f"<{target}>" for target in (web, mailto) if target]
    values = {"List-Unsubscribe": ", ".join(targets)} if targets else {}
    if web:
        values["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return values


def _put_token(name: str, value: str, slots: Mapping[str, str]) -> str:
    if "{token}" not in value:
        return value
    if "token" not in slots:
        raise SlotError(
            f"{name} asks for {{token}}, but the composition has no such slot: "
            "give its Addresses a {token} too"
        )
    return value.replace("{token}", slots["token"])


def _headers(lines: Mapping[str, str], words: Mapping[str, str]) -> Iterable[bytes | Port]:
    for name, value in lines.items():
        line = fields.header(name, value).decode("ascii")
        encode = _encode_mailbox if name == "To" else _encode_word
        segments = split(line, words)
        _require_room(name, line, len(segments.names))
        yield from _interleave(
            [constant.encode("ascii") for constant in segments.constants],
            [Port(slot, encode) for slot in segments.names],
        )


def _require_room(name: str, line: str, slots: int) -> None:
    if slots and len(line) + slots * SLOT_OCTETS > fields.LINE_LIMIT + SLOT_OCTETS:
        raise HeaderError(f"{name} is too long to hold a reader's values besides: shorten it")


def _subject(subject: str, words: Mapping[str, str]) -> Iterable[bytes | Port]:
    """Subject, in encoded words throughout when it holds slots.

    Between two encoded words the space is not shown (RFC 2047 §6.2), so that constants and values
    join without a gap.
    """
    segments = split(subject, words)
    if not segments.names:
        yield fields.header("Subject", fields.unstructured(subject))
        return
    fields.require_one_line("Subject", subject)
    first, *others = segments.constants
    begin = _continue_subject if first else _begin_subject
    encoders = [begin, *[_continue_subject] * (len(segments.names) - 1)]
    yield b"Subject: "
    yield from _interleave(
        [_begin_subject(first), *map(_continue_subject, others)],
        [Port(slot, encode) for slot, encode in zip(segments.names, encoders, strict=True)],
    )
    yield b"\r\n"


def _alternatives(composition: Composition, boundary: str) -> Iterable[bytes | Port]:
    """multipart/alternative, the preferred part last (RFC 2046 §5.1.4)."""
    yield f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode("ascii")
    for subtype, body in (("plain", composition.text), ("html", composition.html)):
        yield (
            f"\r\n--{boundary}\r\n"
            f"Content-Type: text/{subtype}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode("ascii")
        yield from _body(body, composition.slots)
    yield f"\r\n--{boundary}--\r\n".encode("ascii")


def _body(text: str, words: Mapping[str, str]) -> Iterable[bytes | Port]:
    segments = split(text, words)
    constants = [quoted_printable(constant) for constant in segments.constants]
    last = len(constants) - 1
    for position, constant in enumerate(constants):
        before = SOFT_BREAK if position > 0 else b""
        after = SOFT_BREAK if position < last else b""
        yield before + constant + after
        if position < last:
            yield Port(segments.names[position], _encode_body)


def _encode_body(value: str) -> bytes:
    return value.encode("ascii") if _BARE.fullmatch(value) else quoted_printable(value)


def _encode_word(value: str) -> bytes:
    """A value inside a header's word, as it is; HeaderError where it doesn't fit."""
    return _short_ascii(value) if " " not in value else _refuse(value)


def _encode_mailbox(value: str) -> bytes:
    """A mailbox; an address beyond ASCII as UTF-8 (RFC 6532 §3.2), for servers with SMTPUTF8."""
    if len(value) <= SLOT_OCTETS and fields.is_international(value):
        return value.encode()
    plain = fields.BARE_ADDRESS.fullmatch(value)
    return _short_ascii(value if plain else fields.mailbox("To", value))


def _begin_subject(value: str) -> bytes:
    return _continue_subject(value).removeprefix(b"\r\n ")


def _continue_subject(value: str) -> bytes:
    """Encoded words, each on a line of its own, since nothing says how long the others are."""
    fields.require_one_line("Subject", value)
    return b"".join(f"\r\n {word}".encode("ascii") for word in fields.encoded_words(value))


def _short_ascii(value: str) -> bytes:
    if len(value) > SLOT_OCTETS or not (value.isascii() and value.isprintable()):
        return _refuse(value)
    return value.encode("ascii")


def _refuse(value: str) -> bytes:
    raise HeaderError(
        f"{value[:80]!r} can't stand in a header: "
        f"expected at most {SLOT_OCTETS} printable ASCII characters without a blank"
    )


def _alternate(pieces: Iterable[bytes | Port]) -> tuple[list[bytes], list[Port]]:
    """Join neighbouring constants, so that constant and slot alternate, constants at both ends."""
    constants: list[bytes] = [b""]
    ports: list[Port] = []
    for piece in pieces:
        if isinstance(piece, Port):
            ports.append(piece)
            constants.append(b"")
        else:
            constants[-1] += piece
    return constants, ports


def _last_run(ports: Sequence[Port]) -> int:
    """How often the last port stands there at the end, one after the other."""
    return len(list(takewhile(lambda port: port == ports[-1], reversed(ports))))


def _interleave(constants: list[bytes], ports: list[Port]) -> Iterable[bytes | Port]:
    yield constants[0]
    for port, constant in zip(ports, constants[1:], strict=True):
        yield port
        yield constant
