import pytest

from emails.addresses import Addresses
from emails.brand import Brand, Utm
from emails.composer import compose
from emails.issue import Issue
from emails.utm import tagger
from emails.web import render_web

RULE = Utm(source="ledger", medium="email", campaign="{name}")
ADDED = "utm_source=ledger&utm_medium=email&utm_campaign=2026-11-22%2Flate"
ISSUE = Issue.model_validate(
    {
        "date": "2026-11-22",
        "slug": "late",
        "title": "T",
        "sections": [
            {"kind": "essay", "body": "[a](https://a.example/?x=1#y)"},
            {"kind": "button", "label": "b", "url": "https://a.example/?x=1#y"},
        ],
    }
)


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://a.example", f"https://a.example?{ADDED}"),
        ("https://a.example/?x=%20#y", f"https://a.example/?x=%20&{ADDED}#y"),
        ("https://a.example/?utm_source=own", "https://a.example/?utm_source=own"),
        ("mailto:a@example.org", "mailto:a@example.org"),
    ],
)
def test_parameters_are_added_and_the_rest_stays_as_written(url: str, tagged: str) -> None:
    assert tagger(RULE, ISSUE)(url) == tagged


def test_without_a_rule_nothing_is_added() -> None:
    assert tagger(Utm(hosts=("a.example",)), ISSUE)("https://a.example/") == "https://a.example/"


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://A.example/", True),
        ("https://www.a.example/", True),
        ("https://nota.example/", False),
        ("https://b.example/", False),
    ],
)
def test_a_rule_for_some_hosts_leaves_the_others_alone(url: str, meant: bool) -> None:  # noqa: FBT001
    rule = RULE.model_copy(update={"hosts": ("A.example",)})
    assert ("utm_" in tagger(rule, ISSUE)(url)) is meant


def test_a_mails_links_lead_where_the_rule_says_under_one_number() -> None:
    brand = Brand.default().model_copy(update={"utm": RULE})
    mail = compose(ISSUE, brand, addresses=Addresses.sample())
    assert [link.url for link in mail.links] == [f"https://a.example/?x=1&{ADDED}#y"]
    assert mail.html.count("/c/1/") == 2
    assert "utm_" not in mail.html
    numbers = {link.url: 7 for link in mail.links}
    again = compose(ISSUE, brand, addresses=Addresses.sample(), link_numbers=numbers)
    assert again.html.count("/c/7/") == 2


def test_the_web_edition_is_not_tagged() -> None:
    brand = Brand.default().model_copy(update={"utm": RULE})
    assert "utm_" not in render_web(ISSUE, brand, addresses=Addresses.sample())
