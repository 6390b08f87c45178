"""Everything that an edition file can hold: composed safely, or refused with the field's name."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emails.addresses import Addresses
from emails.amount import LONGEST_TEXT, MOST_BRACKETS, MOST_LINES, MOST_SIGNS, MOST_TEXT
from emails.brand import Brand
from emails.composer import compose
from emails.errors import IssueFileError, Problem
from emails.issue import Issue
from emails.issue_files import parse_issue
from emails.outline import Outline
from emails.preflight import MOST_LINKS, check
from emails.sections.papers import MAX_ABSTRACT
from emails.slots import fill
from emails.web import render_web

BRAND = Brand.default()
ADDRESSES = Addresses.sample()
OWN_ADDRESSES = ("https://newsletter.example", "https://a.example/", "mailto:")

NASTY = [
    *("</mj-text>", "</mj-section><mj-raw>", "<script>alert(1)</script>", "<!--", "-->", "]]>"),
    *("{{ 7*7 }}", "{% raw %}", "{#", "{token}", "{number}", "Q0a1b2c3d4R0Q", "%(x)s", "{0}"),
    *("[a](https://a.example/)", "[a](javascript:alert(1))", "![i](data:x)", "[", "](", "**", "`"),
    *("$x^{", "$\\frac{a}{b}$", "\\text{", "\\", "$", "\\(", "&amp;", "&", "<", ">", '"', "'"),
    *(
        "\u202e",
        "\u200f",
        "\u200d",
        "\ufeff",
        "\xa0",
        "\u0301",
        "👩‍💻",
        "🇩🇪",
        "\U0010ffff",
        "\u2028",
    ),
    *("\n", "\n\n", "> ", "- ", "1. ", "# ", "```", "[^1]", "[^1]: x", "---", "\t", " ", "word"),
]
hostile = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), max_size=12).map("".join)


def file(*sections: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"date": "2026-11-22", "title": "T", "sections": list(sections), **fields})


def essay(body: str) -> dict[str, Any]:
    return {"kind": "essay", "body": body}


def read(source: str) -> tuple[Issue | None, tuple[Problem, ...]]:
    try:
        return parse_issue(source, name="file.json").issue, ()
    except IssueFileError as error:
        return None, error.problems


# --- Any content


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(hostile, hostile, hostile)
def test_any_content_is_composed_safely_or_refused_by_name(one: str, two: str, three: str) -> None:
    source = file(
        {"kind": "essay", "heading": one, "body": f"{two}\n\n{three}", "signature": three},
        {"kind": "links", "items": [{"title": f"a{one}", "url": "https://a.example/", "summary": two}]},
        {"kind": "papers", "items": [{"title": f"a{two}", "abstract": three, "abstract_format": "latex"}]},
        {"kind": "quote", "text": one, "by": two},
        {"kind": "sponsor", "name": f"a{one}", "body": two},
        {"kind": "benchmarks", "tables": [{"key": "t", "name": f"a{one}", "columns": ["a"], "rows": [[two]]}]},
        preheader=two,
        authors=[f"a{three}"],
    )  # fmt: skip
    issue, problems = read(source)
    if issue is None:
        assert problems
        assert all(problem.field or problem.line for problem in problems)
        return
    composition = compose(issue, BRAND, addresses=ADDRESSES)
    html = fill(composition.html, composition.slots, {"token": "TOKEN"})
    text = fill(composition.text, composition.slots, {"token": "TOKEN"})
    for form in (html, text, composition.subject):
        form.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", form)
    assert html.count("<body") == html.count("</body>") == 1
    assert not re.search(r"<(script|iframe|object|form|mj-\w+)\b", html)
    assert not re.search(r"<[^>]*\son\w+=", html)
    assert all(address.startswith(OWN_ADDRESSES) for address, _ in Outline(html).links)
    assert html.count("/unsubscribe/TOKEN") == text.count("/unsubscribe/TOKEN") == 1
    assert "<script" not in render_web(issue, BRAND, addresses=ADDRESSES)


@pytest.mark.parametrize(
    ("value", "shown"), [("a\x00b", "U+0000"), ("a\ud800", "U+D800"), ("a\x1b[31m", "U+001B")]
)
def test_control_characters_and_half_characters_are_refused_by_name(value: str, shown: str) -> None:
    with pytest.raises(IssueFileError, match=rf"sections\[0\]\.body: holds .*{re.escape(shown)}"):
        parse_issue(file(essay(value)), name="file.json")


# --- Any amount


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ([essay("a" * (LONGEST_TEXT + 1))], r"sections\[0\]\.body"),
        ([essay("[" * (MOST_BRACKETS + 1))], r"sections\[0\]\.body"),
        ([essay("a\n" * (MOST_LINES + 1) + "a")], r"sections\[0\]\.body"),
        ([essay("a"), essay("*" * (MOST_SIGNS + 1))], r"sections\[1\]"),
        ([essay("a " * (LONGEST_TEXT // 2))] * (MOST_TEXT // LONGEST_TEXT + 1), r"sections\[0\]"),
        ([{"kind": "text", "heading": "a" * 1001, "body": "b"}], r"sections\[0\]\.heading"),
        (
            [{"kind": "papers", "items": [{"title": "T", "abstract": "a" * (MAX_ABSTRACT + 1)}]}],
            r"sections\[0\]\.items\[0\]\.abstract",
        ),
        (
            [{"kind": "benchmarks", "tables": [{"key": "t", "name": "N", "columns": ["a", "b"]}
              | {"rows": [["a", "b"]] * (MOST_SIGNS // 2)}]}],
            r"sections\[0\]",
        ),
    ],
)  # fmt: skip
def test_what_is_too_much_is_refused_with_its_place(
    sections: list[dict[str, Any]], field: str
) -> None:
    with pytest.raises(IssueFileError, match=rf"{field}: (is too much|must be at most)"):
        parse_issue(file(*sections), name="file.json")


WITHIN_LIMITS = {
    "brackets": essay("[" * MOST_BRACKETS),
    "open links": essay("[a\n" * MOST_BRACKETS),
    "emphasis": essay("**a* " * (MOST_SIGNS // 4)),
    "lists": essay("- - a\n" * (MOST_LINES - 1)),
    "numbers": essay("1. a\n" * (MOST_LINES - 1)),
    "quotes": essay("> " * 14_000),
    "quotation marks": essay("\"a' " * 7_000),
    "one paragraph": essay("word " * (LONGEST_TEXT // 5)),
}
BOMBS = {
    "dollars": "$" * MAX_ABSTRACT,
    "brackets": r"\(" * (MAX_ABSTRACT // 2),
    "fractions": r"\frac{" * (MAX_ABSTRACT // 6),
    "scripts": "$x" + "^x" * 900 + "$",
    "nesting": "$" + "x^{" * 600 + "$",
    "text": r"\text{" * (MAX_ABSTRACT // 6),
    "roots": ("$" + r"\sqrt[" * 300 + "$ ") * 6,
}


@pytest.mark.timeout(60)  # seconds, with a machine as busy as may be; alone it takes about one
@pytest.mark.parametrize("section", WITHIN_LIMITS.values(), ids=WITHIN_LIMITS)
def test_the_most_that_is_allowed_is_composed_in_time(section: dict[str, Any]) -> None:
    issue = parse_issue(file(section), name="file.json").issue
    assert compose(issue, BRAND, addresses=ADDRESSES).html.count("</body>") == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_tex_bomb_goes_off_in_time_and_in_proportion(bomb: str) -> None:
    paper = {"title": "T", "abstract_format": "latex", "abstract": bomb}
    issue = parse_issue(file({"kind": "papers", "items": [paper]}), name="file.json").issue
    composition = compose(issue, BRAND, addresses=ADDRESSES)
    assert len(composition.html) < 20 * MAX_ABSTRACT
    assert all(len(one.message) < MAX_ABSTRACT for one in composition.warnings)


@pytest.mark.timeout(60)
def test_ten_thousand_links_are_composed_and_then_refused_by_the_checks() -> None:
    items = [{"title": f"T{n}", "url": f"https://a.example/{n}"} for n in range(10_000)]
    issue = parse_issue(file({"kind": "links", "items": items}), name="file.json").issue
    composition = compose(issue, BRAND, addresses=ADDRESSES)
    assert len(composition.links) == 10_000 > MOST_LINKS
    errors = {
        one.code for one in check(composition, issue=issue, brand=BRAND) if one.severity == "error"
    }
    assert errors == {"too-large", "too-many-links"}
