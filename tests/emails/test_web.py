import re

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.issue import Issue
from emails.web import render_web

ABSTRACT = "It decays as $x^2$ does. " + "And so it goes on. " * 60 + "The very end."
ISSUE = Issue.model_validate(
    {
        "schema": 1,
        "date": "2026-11-22",
        "title": "A <title>",
        "number": 42,
        "corrections": [{"edition": "2026-11-20", "text": "It was two."}],
        "sections": [
            {"kind": "essay", "body": "[a link](https://a.example/?x=1&y=2)", "signature": "Ada"},
            {"kind": "text", "heading": "Only by mail", "body": "b", "show_in": ["email"]},
            {
                "kind": "links",
                "heading": "Only here",
                "show_in": "web",
                "email_limit": 1,
                "items": [{"title": f"T{n}", "url": f"https://l.example/{n}"} for n in range(3)],
            },
            {
                "kind": "papers",
                "id": "papers",
                "heading": "Papers",
                "items": [{"title": "T", "abstract": ABSTRACT, "abstract_format": "latex"}],
            },
            {
                "kind": "benchmarks",
                "heading": "Benchmarks",
                "tables": [
                    {
                        "key": "t",
                        "name": "Index",
                        "columns": ["Model", "Score"],
                        "rows": [["A", "1"]],
                        "ranked": True,
                    }
                ],
            },
            {
                "kind": "repositories",
                "items": [{"name": "owner/repo", "url": "https://code.example/r", "stars": 1200}],
            },
        ],
    }
)
PAGE = render_web(ISSUE, Brand.default(), addresses=Addresses.sample())


def test_the_page_is_an_article_with_one_heading_of_the_first_rank() -> None:
    assert PAGE.startswith('<article class="edition" lang="en" dir="ltr">')
    assert re.findall(r"<h1[^>]*>(.*)</h1>", PAGE) == ["A &lt;title&gt;"]
    assert '<time datetime="2026-11-22">22 November 2026</time>' in PAGE
    assert "No. 42" in PAGE


def test_abstracts_are_whole() -> None:
    assert "The very end." in PAGE
    assert "Read" not in PAGE


def test_links_are_plain_and_nobody_is_counted() -> None:
    assert 'href="https://a.example/?x=1&amp;y=2"' in PAGE
    assert "/c/" not in PAGE
    assert "{token}" not in PAGE
    assert "<img" not in PAGE


def test_what_is_for_the_mail_only_is_not_shown_and_what_is_for_the_web_is_whole() -> None:
    assert "Only by mail" not in PAGE
    assert all(f">T{n}</a>" in PAGE for n in range(3))


def test_every_anchor_that_the_mail_leads_to_is_there() -> None:
    mail = compose(ISSUE, Brand.default(), addresses=Addresses.sample())
    anchors = set(re.findall(r"archive/latest#([\w-]+)", mail.html))
    assert anchors
    assert anchors <= set(re.findall(r'id="([\w-]+)"', PAGE))


def test_ids_are_given_once() -> None:
    ids = re.findall(r'\bid="([^"]+)"', PAGE)
    assert len(ids) == len(set(ids))


def test_the_page_brings_no_style_of_its_own() -> None:
    assert "style=" not in PAGE
    assert "<style" not in PAGE
