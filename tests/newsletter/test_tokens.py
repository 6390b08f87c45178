"""Tokens open one door each, and nobody else can make one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import TokenError, TokenExpired
from newsletter.tokens import Purpose, Signer

SIGNER = Signer("one secret")
NUMBERS = st.lists(st.integers(min_value=0, max_value=2**62), min_size=1, max_size=4)


@given(st.sampled_from(Purpose), NUMBERS)
def test_what_was_signed_is_read(purpose: Purpose, numbers: list[int]) -> None:
    assert SIGNER.read(purpose, SIGNER.sign(purpose, *numbers)) == tuple(numbers)


@given(st.sampled_from(Purpose), st.sampled_from(Purpose), NUMBERS)
def test_a_token_opens_no_other_door(one: Purpose, other: Purpose, numbers: list[int]) -> None:
    if one is other:
        return
    with pytest.raises(TokenError):
        SIGNER.read(other, SIGNER.sign(one, *numbers))


@given(st.text(max_size=200))
def test_what_somebody_made_up_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        SIGNER.read(Purpose.DELIVERY, text)


@given(NUMBERS, st.data())
def test_a_changed_token_is_refused(numbers: list[int], data: st.DataObject) -> None:
    token = SIGNER.sign(Purpose.DELIVERY, *numbers)
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    forged = urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    with pytest.raises(TokenError):
        SIGNER.read(Purpose.DELIVERY, forged)


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(TokenError):
        Signer("another").read(Purpose.DELIVERY, SIGNER.sign(Purpose.DELIVERY, 1, 2))


def test_a_fresh_token_expires() -> None:
    token = SIGNER.sign(Purpose.CONFIRM, 7, 1000)
    assert SIGNER.read_fresh(Purpose.CONFIRM, token, now=1000.0) == (7,)
    with pytest.raises(TokenExpired):
        SIGNER.read_fresh(Purpose.CONFIRM, token, now=1000.5)


def test_a_token_fits_a_line_of_quoted_printable() -> None:
    assert len(SIGNER.sign(Purpose.DELIVERY, 2**31, 2**31)) <= 75


def test_a_keyed_hash_needs_the_key() -> None:
    assert SIGNER.keyed_hash("a@b.example") == SIGNER.keyed_hash("a@b.example")
    assert SIGNER.keyed_hash("a@b.example") != Signer("another").keyed_hash("a@b.example")
