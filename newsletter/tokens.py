"""The only signer: compact tokens, each bound to one purpose.

A token is base64url over `purpose byte, varints, MAC`: the purpose is part of what is signed and
of the key's derivation, so that a token for one door never opens another. The MAC is keyed BLAKE2b
(RFC 7693 §2.9) of 128 bits: half the time of an HMAC, and a large edition needs one a reader.
"""

import binascii
import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable
from enum import Enum
from hashlib import blake2b

from newsletter.errors import TokenError, TokenExpired

MAC_BYTES = 16
MAX_TOKEN_LENGTH = 128
VARINT_BITS = 7
URL_SAFE = bytes.maketrans(b"+/", b"-_")
"""From base64 to base64url (RFC 4648 §5)."""


class Purpose(Enum):
    """What a token opens; the value is its first byte."""

    DELIVERY = b"d"
    """(edition, subscriber): unsubscribe, topics, pause, refuse tracking; pixel and links."""
    EDITION = b"e"
    """(edition,): pixel and links of readers who are only counted."""
    CONFIRM = b"c"
    """(publication, subscriber, request number, expiry): confirm one sign-up."""
    MANAGE = b"m"
    """(publication, subscriber, link epoch, expiry): a freshly mailed link to their preferences."""
    COPY = b"x"
    """(publication, subscriber, link epoch, expiry): all that is kept about them, once."""
    ERASURE = b"z"
    """(publication, subscriber, link epoch, expiry): erase them."""
    BOUNCE = b"b"
    """(edition, subscriber): where a mail comes back to (VERP); says that it is this mail."""
    NOTICE = b"n"
    """(notice,): where a small mail comes back to."""


class Signer:
    """Signs and reads tokens. `secret` is the operator's SECRET_KEY."""

    def __init__(self, secret: str) -> None:
        keys = {
            purpose: hmac.digest(secret.encode(), b"newsletter:" + purpose.value, "sha256")
            for purpose in Purpose
        }
        # MACs begun with their keys, to be copied for each message.
        self._keyed = {
            purpose: blake2b(key=key, digest_size=MAC_BYTES) for purpose, key in keys.items()
        }
        self._hash_key = hmac.digest(secret.encode(), b"newsletter:hash", "sha256")

    def sign(self, purpose: Purpose, *numbers: int) -> str:
        """Sign non-negative integers; about 30 characters for two ids."""
        *first, last = numbers
        return self.series(purpose, *first)(last)

    def series(self, purpose: Purpose, *first: int) -> Callable[[int], str]:
        """Begin tokens that differ in their last number only: what they share is done once."""
        begin = _body(purpose, *first)
        keyed = self._keyed[purpose].copy

        def sign(last: int) -> str:
            body = begin + _varint(last)
            mac = keyed()
            mac.update(body)
            encoded = b2a_base64(body + mac.digest(), newline=False)
            return encoded.translate(URL_SAFE, b"=").decode("ascii")

        return sign

    def _mac(self, purpose: Purpose, body: bytes) -> bytes:
        mac = self._keyed[purpose].copy()
        mac.update(body)
        return mac.digest()

    def read(self, purpose: Purpose, token: str) -> tuple[int, ...]:
        """Return the numbers signed.

        Raises:
            TokenError: forged, damaged, or signed for another purpose.
        """
        return self._read(purpose, _decode(token))

    def _read(self, purpose: Purpose, raw: bytes) -> tuple[int, ...]:
        body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)) or body[:1] != purpose.value:
            raise TokenError("This link is not one of ours, or it was cut. Use the whole link.")
        return _varints(body[1:])

    def sign_caseless(self, purpose: Purpose, *numbers: int) -> str:
        """Sign for where case may get lost, such as a local part: some 40 letters and digits.

        Base32 (RFC 4648 §6) without its padding, in lower case.
        """
        body = _body(purpose, *numbers)
        return b32encode(body + self._mac(purpose, body)).rstrip(b"=").decode().lower()

    def read_caseless(self, purpose: Purpose, token: str) -> tuple[int, ...]:
        """Return the numbers of `sign_caseless`; raises TokenError."""
        try:
            raw = b32decode(_padded(token.upper(), 8))
        except (binascii.Error, ValueError) as error:
            raise TokenError("This address is not one of ours.") from error
        return self._read(purpose, raw)

    def read_fresh(self, purpose: Purpose, token: str, *, now: float) -> tuple[int, ...]:
        """Read a token whose last number is its expiry (UTC seconds); return the others."""
        *numbers, expiry = self.read(purpose, token)
        if expiry < now:
            raise TokenExpired("This link has expired. Ask for a new one.")
        return tuple(numbers)

    def keyed_hash(self, text: str) -> str:
        """A hash that only we can make: for what must be found again but not read."""
        return hmac.digest(self._hash_key, text.encode(), "sha256").hex()


def _body(purpose: Purpose, *numbers: int) -> bytes:
    """What is signed."""
    return purpose.value + b"".join(map(_varint, numbers))


def _varint(number: int) -> bytes:
    """LEB128: seven bits a byte, the lowest first, the high bit set on all but the last."""
    if number < 0:
        raise ValueError("only non-negative numbers are signed")
    out = bytearray()
    while number >= 1 << VARINT_BITS:
        out.append(number & 0x7F | 0x80)
        number >>= VARINT_BITS
    out.append(number)
    return bytes(out)


def _varints(raw: bytes) -> tuple[int, ...]:
    numbers: list[int] = []
    number = shift = 0
    for byte in raw:
        number |= (byte & 0x7F) << shift
        shift += VARINT_BITS
        if byte < 1 << VARINT_BITS:
            numbers.append(number)
            number = shift = 0
    return tuple(numbers)


def _padded(text: str, block: int) -> str:
    return text + "=" * (-len(text) % block)


def _decode(token: str) -> bytes:
    if not MAC_BYTES < len(token) <= MAX_TOKEN_LENGTH or not token.isascii():
        raise TokenError("This link is not one of ours, or it was cut. Use the whole link.")
    try:
        return urlsafe_b64decode(_padded(token, 4))
    except (binascii.Error, ValueError) as error:
        raise TokenError("This link is damaged. Use the whole link.") from error
