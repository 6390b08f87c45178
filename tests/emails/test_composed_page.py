"""What readers see in both parts: headings, tables, colours, abstracts, corrections."""

import re
from itertools import pairwise

from emails.composer import compose
from emails.plaintext import WIDTH
from tests.emails.editions import ADDRESSES, BRAND, PAPERS, TABLES, Outline, codes, composed, issue


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
