from dataclasses import replace
from typing import Any

import pytest

from emails.addresses import Addresses
from emails.brand import Brand, Colours, Palette
from emails.composer import compose
from emails.composition import Composition, Finding
from emails.issue import Issue
from emails.preflight import HTML_BUDGET, TOKEN_LENGTH, check, filled_size

BRAND = Brand.default()
LINK = {"title": "T", "url": "https://a.example/"}


def issue(*items: dict[str, Any], body: str = "Prose.", **fields: Any) -> Issue:
    sections = [{"kind": "essay", "body": body}, {"kind": "links", "items": list(items or [LINK])}]
    return Issue.model_validate(
        {"schema": 1, "date": "2026-11-22", "title": "T", "sections": sections, **fields}
    )


def findings(content: Issue, brand: Brand = BRAND, **changes: Any) -> list[tuple[str, str]]:
    composition = compose(content, brand, addresses=Addresses.sample())
    found = check(replace(composition, **changes), issue=content, brand=brand)
    return [(finding.code, finding.severity) for finding in found]


def test_a_sound_edition_has_nothing_to_be_said_about() -> None:
    assert findings(issue()) == []


def test_the_size_is_measured_with_slots_filled() -> None:
    composition = Composition("s", "p", "", "éQ1R0QQ1R0Q", "", slots={"token": "Q1R0Q"})
    assert filled_size(composition) == 2 + 2 * TOKEN_LENGTH


def test_html_that_gmail_would_cut_off_is_an_error() -> None:
    assert ("too-large", "error") in findings(issue(), html="x" * (HTML_BUDGET + 1))
    assert ("too-large", "error") not in findings(issue(), html="x" * HTML_BUDGET)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (issue(title="long " * 20), "long-subject"),
        (issue(preheader="long " * 40), "long-preheader"),
        (issue(body="![](https://a.example/i.png)"), "no-alt"),
        (issue(body="[](https://b.example/)"), "empty-link"),
        (issue(LINK, {"title": "T", "url": "https://a.example"}), "duplicate-link"),
        (issue(LINK, {"title": "T", "url": "https://a.example/#top"}), "duplicate-link"),
    ],
)
def test_what_an_editor_should_look_at(content: Issue, code: str) -> None:
    assert (code, "warning") in findings(content)


def test_an_edition_without_prose_has_no_preheader() -> None:
    assert ("no-preheader", "warning") in findings(issue(body=""))


def test_an_edition_with_nothing_in_it_is_an_error() -> None:
    empty = Issue.model_validate(
        {"schema": 1, "date": "2026-11-22", "title": "T", "sections": [{"kind": "essay"}]}
    )
    assert ("empty", "error") in findings(empty)


def test_a_footer_without_an_address_is_told() -> None:
    brand = BRAND.model_copy(update={"postal_address": " \n"})
    assert ("no-postal-address", "warning") in findings(issue(), brand)


def test_colours_that_cannot_be_read_are_told() -> None:
    brand = BRAND.model_copy(update={"colours": Colours(light=Palette(soft="#cccccc"))})
    composition = compose(issue(), brand, addresses=Addresses.sample())
    fields = {finding.field for finding in check(composition, issue=issue(), brand=brand)}
    assert fields == {"brand.colours.light.soft"}


def test_the_compositions_own_warnings_come_first() -> None:
    warning = Finding("own", "warning", "f", "m")
    assert findings(issue(), warnings=(warning,))[0] == ("own", "warning")
