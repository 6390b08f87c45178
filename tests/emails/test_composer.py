"""An issue on its way: subject and preheader, variants, slots, hostile content."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emails.composer import Addresses, compose
from emails.issue import Issue
from emails.preflight import HTML_BUDGET, filled_size
from emails.slots import fill
from tests.emails.editions import (
    ADDRESSES,
    BRAND,
    ESSAY,
    ITEMS,
    LINKS,
    Outline,
    codes,
    composed,
    issue,
)

EDITIONS = sorted((Path(__file__).parents[2] / "../shared/editions").glob("*.json"))


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
