"""Quoted-printable (RFC 2045 §6.7), as a skeleton's segments need it.

`binascii.b2a_qp` and `quopri` encode whole texts: at the edge of a segment they overrun 76 octets.
"""

import re

SOFT_BREAK = b"=\r\n"
_LINE_OCTETS = 76  # RFC 2045 §6.7 rule 5, the soft break's "=" counted
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_UNSAFE = re.compile(rb"[^\t\x20-\x3c\x3e-\x7e]|[\t ]\Z")


def quoted_printable(text: str) -> bytes:
    """`text` as quoted-printable (RFC 2045 §6.7) for a place where a line begins.

    Line breaks of any kind become CRLF. A dot that begins a line is written =2E, so that the
    result needs no dot-stuffing wherever it is sent.
    """
    return b"\r\n".join(_encode_line(line.encode("utf-8")) for line in _LINE_BREAK.split(text))


def _encode_line(line: bytes) -> bytes:
    safe = _UNSAFE.sub(lambda match: b"=%02X" % match[0][0], line)
    cuts, start = [], 0
    while len(safe) - start > _room(safe, start):
        end = _before_escape(safe, start + _room(safe, start))
        cuts.append(_without_leading_dot(safe[start:end]))
        start = end
    return SOFT_BREAK.join([*cuts, _without_leading_dot(safe[start:])])


def _room(line: bytes, start: int) -> int:
    """How much of `line` fits before a soft break, a leading dot taking three octets."""
    return _LINE_OCTETS - (3 if line.startswith(b".", start) else 1)


def _before_escape(line: bytes, end: int) -> int:
    """`end`, or where the `=XX` begins that it would cut."""
    escape = line.rfind(b"=", end - 2, end)
    return end if escape < 0 else escape


def _without_leading_dot(line: bytes) -> bytes:
    return b"=2E" + line[1:] if line.startswith(b".") else line
