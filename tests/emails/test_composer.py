import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from emails.brand import Brand, Topic
from emails.composer import Addresses, Composition, compose
from emails.errors import CompositionError
from emails.issue import Issue
from emails.plaintext import WIDTH
from emails.preflight import HTML_BUDGET, filled_size
from emails.slots import fill

EDITIONS = sorted((Path(__file__).parents[2] / "../shared/editions").glob("*.json"))

BRAND = Brand.default().model_copy(
    update={"topics": tuple(Topic(key=key, label=key) for key in ("labs", "papers", "tables"))}
)
ADDRESSES = Addresses.sample()

ESSAY = {
    "kind": "essay",
    "body": "It *begins* with [a link](https://a.example/).",
    "signature": "Ada",
}
ITEMS = [
    {"title": "First & <foremost>", "url": "https://b.example/?x=1&y=2", "source": "Lab"},
    {"title": "Second", "url": "https://a.example/"},
]
LINKS: dict[str, Any] = {
    "kind": "links",
    "id": "labs",
    "heading": "AI Labs",
    "topic": "labs",
    "more": {"label": "All labs", "url": "https://labs.example/"},
    "items": ITEMS,
}
PAPERS: dict[str, Any] = {
    "kind": "papers",
    "id": "papers",
    "heading": "Research Papers",
    "topic": "papers",
    "focus": {"category": "cs.LG", "label": "Focused"},
    "items": [
        {
            "title": "On $x^2$",
            "category": "cs.LG",
            "authors": ["A", "B", "C", "D", "E"],
            "abstract_format": "latex",
            "abstract": "It decays as $O(n^{-2})$ does. " + "And so it goes on and on. " * 30,
            "url": "https://p.example/1",
        }
    ],
}
TABLES: dict[str, Any] = {
    "kind": "benchmarks",
    "heading": "Benchmarks",
    "topic": "tables",
    "tables": [
        {
            "key": "t",
            "name": "Index",
            "columns": ["Model", {"key": "s", "label": "Score", "decimals": 1}],
            "rows": [["Alpha", 9], ["Beta", None]],
            "ranked": True,
        }
    ],
}
REPOSITORIES = {
    "kind": "repositories",
    "heading": "Trending",
    "items": [
        {
            "name": "owner/repo",
            "url": "https://code.example/owner/repo",
            "description": "What it does.",
            "language": "Python",
            "stars": 1234,
            "stars_gained": 210,
            "period": "day",
        }
    ],
}


def issue(*sections: dict[str, Any], **fields: Any) -> Issue:
    whole = {"schema": 1, "date": "2026-11-22", "title": "The title", **fields}
    return Issue.model_validate(
        {**whole, "sections": list(sections or (ESSAY, LINKS, PAPERS, TABLES, REPOSITORIES))}
    )


def composed(*sections: dict[str, Any], **fields: Any) -> Composition:
    return compose(issue(*sections, **fields), BRAND, addresses=ADDRESSES)


def codes(composition: Composition) -> list[str]:
    return [finding.code for finding in composition.warnings]


class Outline(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


# --- The path


def test_the_same_issue_gives_the_same_bytes() -> None:
    assert composed() == composed()


def test_a_composition_shows_its_mjml() -> None:
    assert composed().mjml.startswith("<mjml")


def test_no_item_costs_a_section_of_its_own() -> None:
    assert composed(LINKS).mjml.count("<mj-section") == composed(
        {**LINKS, "items": ITEMS * 20}
    ).mjml.count("<mj-section")


def test_language_and_direction_are_the_issues() -> None:
    html = composed(language="he").html
    assert (
        Outline(html).all("html")[0] | {"lang": "he", "dir": "rtl"} == Outline(html).all("html")[0]
    )
    assert "direction:ltr" not in html.split("<body")[1]


# --- Subject and preheader


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"subject": "S", "title": "T"}, "S"),
        ({"title": "T"}, "T"),
        ({"title": None}, "The Example Report, 22 November 2026"),
    ],
)
def test_the_subject_falls_back_to_the_title_and_then_to_name_and_date(
    fields: dict[str, Any], subject: str
) -> None:
    composition = composed(**fields)
    assert composition.subject == subject
    assert ("no-subject" in codes(composition)) == (fields == {"title": None})


def test_the_preheader_is_the_essays_beginning_cut_at_a_word() -> None:
    composition = composed({"kind": "essay", "body": "**Bold** words " * 30})
    assert composition.preheader.startswith("Bold words Bold")
    assert len(composition.preheader) <= 110
    assert composition.preheader.endswith("words…") or composition.preheader.endswith("Bold…")


def test_a_preheader_has_no_marks_of_lists_and_quotes() -> None:
    assert composed({"kind": "essay", "body": "> One\n\n- two\n- > three"}).preheader == (
        "One two three"
    )


def test_a_preheader_of_the_issues_own_is_kept() -> None:
    composition = composed(preheader="Look here")
    assert composition.preheader == "Look here"
    assert "Look here͏" in composition.html  # the filler follows it


# --- Links


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


# --- Variants


def test_a_muted_topic_is_left_out_of_every_part_and_the_numbers_stay() -> None:
    whole = composed()
    muted = compose(issue(), BRAND, addresses=ADDRESSES, muted=frozenset({"labs"}))
    assert "Second" not in muted.html
    assert "AI LABS" not in muted.text
    assert "[3]" not in muted.text
    assert muted.links == whole.links
    assert "/c/4/" in muted.html


def test_without_a_pixel_there_is_no_image() -> None:
    assert len(Outline(composed().html).all("img")) == 1
    assert not Outline(compose(issue(), BRAND, addresses=replace(ADDRESSES, pixel=None)).html).all(
        "img"
    )


def test_an_undeclared_topic_is_told_and_its_section_goes_to_everyone() -> None:
    composition = composed({**LINKS, "topic": "gossip"})
    assert [(f.code, f.field) for f in composition.warnings] == [
        ("unknown-topic", "sections[0].topic")
    ]
    assert "Second" in composition.html


def test_an_empty_section_is_left_out_and_told() -> None:
    composition = composed(ESSAY, {**LINKS, "items": []})
    assert codes(composition) == ["empty-section"]
    assert "AI Labs" not in composition.html


def test_a_section_for_the_web_is_not_in_the_mail() -> None:
    composition = composed(ESSAY, {**LINKS, "show_in": ["web"]})
    assert "AI Labs" not in composition.html
    assert [link.number for link in composition.links] == [1]


def test_what_passes_the_email_limit_is_counted_and_linked() -> None:
    composition = composed({**LINKS, "email_limit": 1})
    assert "Second" not in composition.html
    assert 'archive/latest#labs">1 more on the web' in re.sub(
        r' style="[^"]*"', "", composition.html
    )
    assert "1 more on the web" in composition.text


# --- Slots


def test_the_slot_word_stands_whole_in_both_parts_and_fills() -> None:
    composition = composed()
    html = fill(composition.html, composition.slots, {"token": "TOKEN"})
    text = fill(composition.text, composition.slots, {"token": "TOKEN"})
    assert "https://newsletter.example/unsubscribe/TOKEN" in html
    assert "https://newsletter.example/unsubscribe/TOKEN" in text
    assert "https://newsletter.example/o/TOKEN.gif" in html
    assert "{token}" not in html + text
    assert composition.slots["token"] not in html + text


def test_a_slot_word_in_an_essay_is_not_filled() -> None:
    word = composed().slots["token"]
    composition = composed({"kind": "essay", "body": f"They wrote {word} here."})
    assert f"They wrote {word} here." in fill(composition.html, composition.slots, {"token": "T"})


def test_addresses_without_a_token_make_no_slot() -> None:
    fixed = Addresses(
        unsubscribe="https://n.example/u",
        preferences="https://n.example/p",
        view_online="https://n.example/a/1",
        archive="https://n.example/a",
        one_click="https://n.example/u",
    )
    assert compose(issue(), BRAND, addresses=fixed).slots == {}


# --- Hostile content


@pytest.mark.parametrize(
    "hostile",
    [
        "</mj-text></mj-column></mj-section><script>alert(1)</script>",
        "{{ 7 * 7 }} {% raw %} {token} {number}",
        "a\x00b\x0bc\ufffed",
        "\u202eright to left\u202c and \u200d joiners 👩‍💻",
        "<!--[if mso]> <![endif]--> & < > \" ' \\ \\\\",
        "]]> <![CDATA[ x ]]> &nbsp; &#0;",
    ],
)
def test_hostile_content_is_shown_as_it_was_typed(hostile: str) -> None:
    composition = composed(
        {"kind": "essay", "body": hostile, "heading": hostile, "signature": hostile},
        {
            "kind": "links",
            "items": [{"title": hostile, "url": "https://a.example/", "source": hostile}],
        },
        {
            "kind": "papers",
            "items": [
                {"title": hostile, "abstract": hostile, "abstract_format": kind}
                for kind in ("latex", "markdown", "text")
            ],
        },
        title=hostile,
    )
    assert not Outline(composition.html).all("script")
    assert "49" not in composition.text.split("LINKS")[0].replace("1149", "")
    assert composition.html.encode("utf-8")
    assert composition.text.encode("utf-8")
    assert "\x00" not in composition.html + composition.text + composition.subject
    assert composition.html.count("</body>") == 1


# --- The page itself


def test_there_is_one_h1_and_headings_do_not_skip_a_level() -> None:
    for fields in ({"title": "T"}, {"title": None}):
        levels = re.findall(r"<h([1-6])\b", composed(**fields).html)
        assert levels.count("1") == 1
        assert levels[0] == "1"
        assert all(int(b) - int(a) <= 1 for a, b in pairwise(levels))


def test_figures_stand_in_a_table_with_scoped_heads_and_the_rest_is_presentation() -> None:
    outline = Outline(composed().html)
    tables = outline.all("table")
    assert [table.get("aria-label") for table in tables if not table.get("role")] == ["Index"]
    assert {head.get("scope") for head in outline.all("th")} == {"col", "row"}


def test_a_logo_speaks_by_its_alt_text() -> None:
    brand = BRAND.model_copy(update={"logo": "https://n.example/logo.png"})
    html = compose(issue(title=None), brand, addresses=ADDRESSES).html
    logo = Outline(html).all("img")[0]
    assert (logo["alt"], logo["src"]) == (brand.name, "https://n.example/logo.png")


def test_dark_mode_reaches_every_colour_that_is_written_into_the_mail() -> None:
    html = composed().html
    head, mail = html.split("<body", 1)
    light = set(BRAND.colours.light.model_dump().values())
    dark = head.split("prefers-color-scheme: dark")[1]
    reached = set(re.findall(r"\.([a-z-]+)", dark))
    coloured = [
        set((attributes.get("class") or "").split())
        for _, attributes in Outline(mail).elements
        if attributes.get("class") and any(c in (attributes.get("style") or "") for c in light)
    ]
    assert len(coloured) > 20
    assert all(classes & reached for classes in coloured)
    assert dark.count("[data-ogsc]") >= 8


def test_the_footer_has_the_postal_address_line_by_line() -> None:
    brand = BRAND.model_copy(update={"postal_address": "Line <1>\nLine 2"})
    composition = compose(issue(), brand, addresses=ADDRESSES)
    assert "Line &lt;1&gt;<br>Line 2" in composition.html
    assert "Line <1>\nLine 2" in composition.text


def test_a_shortened_abstract_goes_on_at_its_anchor_on_the_web() -> None:
    composition = composed()
    assert "archive/latest#papers-1" in composition.html
    assert "Read more: https://newsletter.example/archive/latest#papers-1" in composition.text
    assert composition.html.count("And so it goes") < 30


def test_an_abstract_that_is_not_on_the_web_goes_on_at_the_paper() -> None:
    composition = composed({**PAPERS, "show_in": ["email"]})
    assert "#papers-1" not in composition.html
    assert composition.text.count("[1]") == 2  # the title and the list of links
    assert (
        f"Read more: https://newsletter.example/c/1/{composition.slots['token']}"
        in composition.text
    )


def test_the_length_of_abstracts_is_the_brands() -> None:
    short = BRAND.model_copy(update={"abstract_length": 80})
    assert len(compose(issue(), short, addresses=ADDRESSES).html) < len(composed().html)


def test_formulas_are_typeset_and_what_is_not_known_is_told() -> None:
    assert "O(n⁻²)" in composed().text
    unknown = composed(
        {
            "kind": "papers",
            "items": [
                {"title": "T", "abstract": r"$\nosuchcommand{x}$", "abstract_format": "latex"}
            ],
        }
    )
    assert "unknown-tex" in codes(unknown)


def test_what_changed_in_a_table_is_shown_beside_the_name() -> None:
    before = {**TABLES["tables"][0], "rows": [["Beta", 9], ["Alpha", 8]]}
    earlier = [issue({**TABLES, "tables": [before]}, date="2026-11-20")]
    composition = compose(issue(), BRAND, addresses=ADDRESSES, earlier=earlier)
    assert "Alpha ▲1" in composition.text
    assert "▼1" in composition.html


def test_lines_of_the_text_part_fit_their_columns_but_for_addresses() -> None:
    for line in composed().text.splitlines():
        assert len(line) <= WIDTH or "https://" in line


def test_corrections_stand_at_the_top() -> None:
    composition = composed(corrections=[{"edition": "2026-11-20", "text": "It was two."}])
    assert "It was two." in composition.html.split("It <em")[0]
    assert "Correction to the edition of 20 November 2026: It was two." in composition.text


# --- The real editions


@pytest.mark.skipif(not EDITIONS, reason="the real editions are not on this machine")
@pytest.mark.parametrize("path", EDITIONS, ids=lambda path: path.stem)
def test_the_real_editions_keep_within_the_budget_and_lose_nothing(path: Path) -> None:
    real = Issue.model_validate(json.loads(path.read_text("utf-8")))
    composition = compose(real, BRAND, addresses=ADDRESSES)
    assert filled_size(composition) <= HTML_BUDGET
    assert {finding.code for finding in composition.warnings} <= {"no-subject", "unknown-topic"}
    assert len(composition.links) >= 24
    for section in real.sections:
        assert section.heading is None or section.heading.replace("&", "&amp;") in composition.html
