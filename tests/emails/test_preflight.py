from dataclasses import replace
from typing import Any

import pytest

from emails.addresses import Addresses
from emails.brand import Brand, Colours, Palette
from emails.composer import compose
from emails.composition import Composition, Finding
from emails.issue import Issue
from emails.preflight import HTML_BUDGET, MOST_LINKS, TOKEN_LENGTH, check, filled_size

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


def test_a_mail_that_nobody_can_leave_is_an_error() -> None:
    addresses = Addresses.sample()
    composition = compose(issue(), BRAND, addresses=addresses)
    sound = check(composition, issue=issue(), brand=BRAND, addresses=addresses)
    assert sound == ()
    lost = replace(composition, text="Hello.", html="<p>Hello.</p>")
    found = check(lost, issue=issue(), brand=BRAND, addresses=addresses)
    assert [(one.code, one.severity, one.field) for one in found] == [
        ("no-unsubscribe", "error", "html"),
        ("no-unsubscribe", "error", "text"),
    ]


def test_a_list_that_dwarfs_the_others_is_told() -> None:
    items = [{"title": f"T{n}", "url": f"https://a.example/{n}"} for n in range(20)]
    long, short = {"kind": "links", "items": items}, {"kind": "papers", "items": [{"title": "P"}]}
    whole = issue().model_dump(mode="json", by_alias=True, exclude_none=True)
    content = Issue.model_validate({**whole, "sections": [short, long]})
    composition = compose(content, BRAND, addresses=Addresses.sample())
    found = [
        one for one in check(composition, issue=content, brand=BRAND) if one.code == "unbalanced"
    ]
    assert [one.field for one in found] == ["sections[1]"]
    limited = Issue.model_validate({**whole, "sections": [short, {**long, "email_limit": 5}]})
    assert ("unbalanced", "warning") not in findings(limited)
    alone = Issue.model_validate({**whole, "sections": [long]})
    assert ("unbalanced", "warning") not in findings(alone)


def test_a_heading_that_stands_twice_is_told() -> None:
    whole = issue().model_dump(mode="json", by_alias=True, exclude_none=True)
    sections = [{"kind": "text", "heading": "H", "body": "B"}] * 2
    assert ("duplicate-heading", "warning") in findings(
        Issue.model_validate({**whole, "sections": sections})
    )


def test_more_links_than_an_edition_can_mean_are_an_error() -> None:
    composition = compose(issue(), BRAND, addresses=Addresses.sample())
    many = replace(composition, links=composition.links * (MOST_LINKS + 1))
    codes = {(one.code, one.severity) for one in check(many, issue=issue(), brand=BRAND)}
    assert ("too-many-links", "error") in codes


def test_latex_that_was_not_understood_is_told() -> None:
    papers = {"kind": "papers", "items": [{"title": r"On $\foo{x}$", "abstract_format": "latex"}]}
    whole = issue().model_dump(mode="json", by_alias=True, exclude_none=True)
    assert ("unknown-tex", "warning") in findings(
        Issue.model_validate({**whole, "sections": [papers]})
    )
