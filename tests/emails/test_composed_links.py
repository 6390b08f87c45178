"""Where a mail's links lead, and how they are numbered."""

import re
from dataclasses import replace

import pytest

from emails.composer import compose
from emails.errors import CompositionError
from tests.emails.editions import ADDRESSES, BRAND, codes, composed, issue


def test_links_are_numbered_as_they_appear_and_shared_by_both_parts() -> None:
    composition = composed()
    assert [(link.number, link.url) for link in composition.links] == [
        (1, "https://a.example/"),
        (2, "https://labs.example/"),
        (3, "https://b.example/?x=1&y=2"),
        (4, "https://p.example/1"),
        (5, "https://code.example/owner/repo"),
    ]
    token = composition.slots["token"]
    for link in composition.links:
        address = f"https://newsletter.example/c/{link.number}/{token}"
        assert f'href="{address}"' in composition.html
        assert f"[{link.number}] {address}" in composition.text
        assert link.url not in composition.html


def test_plain_links_hold_the_urls_themselves() -> None:
    composition = compose(issue(), BRAND, addresses=replace(ADDRESSES, click=None))
    assert 'href="https://b.example/?x=1&amp;y=2"' in composition.html
    assert "https://b.example/?x=1&y=2" in composition.text
    assert [link.number for link in composition.links] == [1, 2, 3, 4, 5]


def test_a_counted_link_names_no_reader() -> None:
    click = "https://newsletter.example/c/{number}/edition-token"
    composition = compose(issue(), BRAND, addresses=replace(ADDRESSES, click=click))
    assert 'href="https://newsletter.example/c/3/edition-token"' in composition.html


def test_the_mails_own_links_are_never_tracked() -> None:
    composition = composed()
    token = composition.slots["token"]
    for address in (
        f"https://newsletter.example/unsubscribe/{token}",
        f"https://newsletter.example/preferences/{token}",
        "https://newsletter.example/archive/latest",
    ):
        assert f'href="{address}"' in composition.html
        assert address in composition.text


def test_the_view_online_link_holds_no_token() -> None:
    composition = composed()
    online = re.findall(r'href="([^"]*/archive[^"]*)"', composition.html)
    assert online
    assert not any(composition.slots["token"] in address for address in online)


def test_given_numbers_are_used_and_a_url_without_one_is_refused() -> None:
    numbers = {link.url: link.number + 10 for link in composed().links}
    composition = compose(issue(), BRAND, addresses=ADDRESSES, link_numbers=numbers)
    assert [link.number for link in composition.links] == [11, 12, 13, 14, 15]
    del numbers["https://p.example/1"]
    with pytest.raises(CompositionError, match="no number"):
        compose(issue(), BRAND, addresses=ADDRESSES, link_numbers=numbers)


def test_a_link_that_a_mail_must_not_carry_is_shown_without_its_address_and_told() -> None:
    composition = composed({"kind": "text", "body": "[click](javascript:alert(1))"})
    assert "unsafe-link" in codes(composition)
    assert "javascript:" not in composition.html
