"""Mail headers: values refused that could inject others, encoded words, folding."""

import base64
import re
from typing import NamedTuple

from emails.errors import HeaderError

# RFC 5322 §2.1.1: at most 998 octets a line, CRLF not counted; 78 wished for.
LINE_LIMIT = 998
FOLD_AT = 76
# RFC 2047 §2: an encoded word has at most 75 characters; 45 octets make 60 of base64.
_OCTETS_A_WORD = 45
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
BARE_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]+@[^\s<>()\[\],;:\\\"@]+")
_NAMED = re.compile(r"(.*?)\s*<([^<>]*)>")
_QUOTE_NEEDED = re.compile(r"[^A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]")


class Mailbox(NamedTuple):
    """Who writes: a name as people read it ("" for none), and a bare ASCII address."""

    display: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def header(name: str, value: str) -> bytes:
    """One folded header line (or lines) with its CRLF; `value` must be ASCII.

    Raises HeaderError for a name that is none, a value with line breaks or control characters (it
    would inject a header) and for a word that no folding brings under 998 octets.
    """
    if not _NAME.fullmatch(name):
        raise HeaderError(f"{name!r} is no header name: use letters, digits and hyphens")
    require_one_line(name, value)
    folded = _fold(f"{name}: {value}")
    if any(len(line) > LINE_LIMIT for line in folded):
        raise HeaderError(f"{name} has a word of more than {LINE_LIMIT} octets: shorten it")
    try:
        return b"".join(line.encode("ascii") + b"\r\n" for line in folded)
    except UnicodeEncodeError as error:
        raise HeaderError(f"{name} holds {value!r}: only ASCII may stand there") from error


def require_one_line(name: str, value: str) -> None:
    """HeaderError when `value` holds a line break or another control character."""
    if _CONTROL.search(value):
        raise HeaderError(
            f"{name} holds a line break or a control character: {value!r}; "
            "it would start a header of its own, so remove it"
        )


def unstructured(text: str) -> str:
    """`text` for a header such as Subject: as it is, or as encoded words (RFC 2047)."""
    if text.isascii() and "=?" not in text and text == text.strip():
        return text
    return " ".join(encoded_words(text))


def encoded_words(text: str) -> list[str]:
    """`text` as RFC 2047 encoded words of at most 75 characters, none of which cuts a character."""
    chunks: list[bytes] = [b""]
    for character in text:
        octets = character.encode("utf-8")
        if len(chunks[-1]) + len(octets) > _OCTETS_A_WORD:
            chunks.append(b"")
        chunks[-1] += octets
    return [f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?=" for chunk in chunks if chunk]


def mailbox(name: str, value: str) -> str:
    """An address, or `Display Name <address>`, as RFC 5322 §3.4 wants it; HeaderError otherwise.

    The address itself must be ASCII: an internationalised domain as punycode (RFC 5890).
    """
    display, address = parse_mailbox(name, value)
    return f"{phrase(display)} <{address}>" if display else address


def parse_mailbox(name: str, value: str) -> Mailbox:
    """The one reading of an address, or `Display Name <address>`; HeaderError otherwise.

    More forgiving than RFC 5322 (and `email.utils.parseaddr`): a comma needs no quotes.
    """
    require_one_line(name, value)
    named = _NAMED.fullmatch(value.strip())
    display, address = named.groups() if named else ("", value.strip())
    if not _ADDRESS.fullmatch(address):
        raise HeaderError(f"{name} is {value!r}: expected one address, or Name <address>")
    if not address.isascii():
        raise HeaderError(
            f"{name} is {value!r}: only ASCII may stand in the address; "
            "write an internationalised domain as punycode (xn--…)"
        )
    return Mailbox(_unquoted(display), address)


def is_international(address: str) -> bool:
    """Whether it is a bare address whose local part has letters beyond ASCII (RFC 6532 §3.2)."""
    local, _, domain = address.rpartition("@")
    if local.isascii() or not domain.isascii() or _CONTROL.search(address):
        return False
    return _ADDRESS.fullmatch(address) is not None


def _unquoted(display: str) -> str:
    """A name that was given as RFC 5322's quoted string already, without its quotes."""
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', display)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else display


def phrase(display: str) -> str:
    if not display.isascii() or "=?" in display:
        return " ".join(encoded_words(display))
    if _QUOTE_NEEDED.search(display):
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return display


def _fold(line: str) -> list[str]:
    """Cut before a space wherever a line would pass FOLD_AT; never leaves a line of blanks."""
    lines: list[str] = []
    rest = line
    while len(rest) > FOLD_AT:
        cut = _last_gap(rest)
        if cut is None:
            break
        lines.append(rest[:cut])
        rest = rest[cut:]
    return [*lines, rest]


def _last_gap(line: str) -> int | None:
    """Where to fold: the last space within FOLD_AT, else the first one after it."""
    start = len(line) - len(line.lstrip(" ")) or line.find(": ") + 2
    gaps = [m.start() for m in re.finditer(r"(?<=\S) (?=\S)", line) if m.start() > start]
    within = [gap for gap in gaps if gap <= FOLD_AT]
    return within[-1] if within else next(iter(gaps), None)
