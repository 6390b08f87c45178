from collections.abc import Callable

import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.addresses import mask, mask_within, parse, plain, suggest, throttle_key
from subscribers.errors import InvalidAddress
from subscribers.fields import Unfit, addresses
from subscribers.guard import ip_prefix

NEARLY = st.from_regex(r"[a-zA-Z0-9._+%@-]{1,30}@[a-zA-Z0-9.-]{1,30}", fullmatch=True)


@settings(deadline=None)  # two cores, and others at work
@given(NEARLY | st.emails())
def test_the_quick_way_takes_nothing_that_the_long_way_refuses(text: str) -> None:
    address = plain(text)
    if address is not None:
        found = validate_email(text, check_deliverability=False)
        assert address.domain == found.ascii_domain
        assert address.key == text.lower()


@settings(deadline=None)  # two cores, and others at work
@given(st.emails())
def test_a_key_is_its_own_key(text: str) -> None:
    try:
        key = parse(text).key
    except InvalidAddress:
        return
    assert parse(key).key == key


@pytest.mark.parametrize(
    ("text", "key", "lane"),
    [
        (" Ada.L@Gmail.com ", "ada.l@gmail.com", "gmail"),
        ("ada@hotmail.com", "ada@hotmail.com", "outlook"),
        ("ada@aol.com", "ada@aol.com", "yahoo"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", "other"),
        ("Ådå@example.org", "ådå@example.org", "other"),
        ("\u212aay@example.org", "kay@example.org", "other"),
    ],
)
def test_an_address_has_a_key_and_a_lane(text: str, key: str, lane: str) -> None:
    address = parse(text)
    assert (address.email, address.key, address.lane) == (text.strip(), key, lane)


@pytest.mark.parametrize("local", ["a" * 65, "a." * 32 + "b", "å" * 33, "A'" * 33])
def test_a_local_part_of_more_than_64_octets_is_refused(local: str) -> None:
    """RFC 5321 §4.5.3.1.1; octets, and not letters."""
    email = f"{local}@example.org"
    with pytest.raises(InvalidAddress, match="more than 64 octets before the @"):
        parse(email)
    unfit: Unfit = {}
    addresses(["ada@example.org", email], unfit)
    assert list(unfit) == [1]


@pytest.mark.parametrize("local", ["a" * 64, "å" * 32])
def test_a_local_part_of_64_octets_is_taken(local: str) -> None:
    assert parse(f"{local}@example.org").key == f"{local}@example.org"


@pytest.mark.parametrize(
    ("act", "given_text", "expected"),
    [
        (lambda text: suggest(parse(text)), "ada@gmial.com", "ada@gmail.com"),
        (lambda text: suggest(parse(text)), "ada@gmail.com", None),
        (lambda text: suggest(parse(text)), "ada@corp.example", None),
        (lambda text: throttle_key(parse(text)), "A.d.a+x@googlemail.com", "ada@gmail.com"),
        (lambda text: throttle_key(parse(text)), "a.da+x@example.org", "a.da@example.org"),
        (mask, "ada@example.org", "a•••@example.org"),
        (mask_within, "550 <ada@example.org>: gone", "550 <a•••@example.org>: gone"),
        (mask_within, "ada@x.example,b@y.example", "a•••@x.example,b•••@y.example"),
        (mask_within, "552 5.2.2 full @ noon", "552 5.2.2 full @ noon"),
        (ip_prefix, "192.0.2.77", "192.0.2.0/24"),
        (ip_prefix, "2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
    ],
)
def test_what_is_made_of_an_address(
    act: Callable[[str], str | None], given_text: str, expected: str | None
) -> None:
    assert act(given_text) == expected
