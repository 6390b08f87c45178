import pytest

from emails.composition import Composition, TrackedLink
from emails.issue import Issue
from emails.outline import Outline
from emails.suspicions import suspicions
from emails.whereabouts import Whereabouts

ISSUE = Issue.model_validate(
    {"date": "2026-11-22", "sections": [{"kind": "text", "body": "Words."}]}
)
PROSE = "Words that make a text. " * 30


def codes(
    subject: str = "A subject", html: str = "", *urls: str, preheader: str = "", text: str = PROSE
) -> list[str]:
    links = tuple(TrackedLink(number, url, "") for number, url in enumerate(urls, 1))
    composition = Composition(subject, preheader, "", html, text, links=links)
    found = suspicions(composition, Outline(html), Whereabouts(ISSUE, composition))
    return [finding.code for finding in found]


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("READ THIS BEFORE NOON", "shouting"),
        ("It's here!!", "exclaiming"),
        ("Look! And look!", "exclaiming"),
        ("Make $$$ at home", "exclaiming"),
        ("RE: your order", "fake-reply"),
        ("AW: Rechnung", "fake-reply"),
        ("Act now, it is free", "spammy-words"),
    ],
)
def test_a_subject_as_spam_writes_it_is_told(subject: str, code: str) -> None:
    assert codes(subject) == [code]


@pytest.mark.parametrize(
    "subject",
    [
        "NASA goes back",
        "Why? Because",
        "Reform: what now",
        "The $5 question",
        "AI & I: IBM, SAP, BMW in talks",
    ],
)
def test_an_honest_subject_is_not(subject: str) -> None:
    assert codes(subject) == []


def test_the_preheader_is_read_too() -> None:
    assert codes(preheader="100% free for you") == ["spammy-words"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://bit.ly/abc", "shortened-link"),
        ("http://192.0.2.1/x", "bare-number-link"),
        ("http://[2001:db8::1]/x", "bare-number-link"),
    ],
)
def test_links_that_hide_where_they_lead_are_told(url: str, code: str) -> None:
    assert codes("A subject", "", url, "https://a.example/") == [code]


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ('<a href="https://a.example/">Click here</a>', "vague-link"),
        ('<a href="https://n.example/c/1/x">https://a.example/page</a>', "address-as-words"),
    ],
)
def test_words_that_say_something_else_than_their_link_are_told(link: str, code: str) -> None:
    assert codes("A subject", link) == [code]


def test_an_address_that_is_its_own_link_is_fine() -> None:
    assert codes("A subject", '<a href="https://a.example/p">https://a.example/p</a>') == []


def test_a_mail_that_is_one_picture_is_told() -> None:
    picture = '<img src="https://a.example/i.png" width="600" alt="All of it">'
    assert codes(html=picture, text="Short.") == ["mostly-pictures"]
    assert codes(html=picture) == []
    assert codes(html='<img src="x" width="1" alt="">', text="Short.") == []
