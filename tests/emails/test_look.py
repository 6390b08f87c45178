"""The mail in a real browser: readable in both modes, at a phone's width as on a desk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.composition import Composition
from emails.issue import Issue
from emails.issue_files import load_issue
from emails.notices import compose_notice
from emails.plaintext import WIDTH, columns

CHROMIUM = Path("/usr/bin/chromium")
EVERYTHING = Path(__file__).parent / "everything.yaml"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]

ISSUE = Issue.model_validate(
    {
        "schema": 1,
        "date": "2026-11-22",
        "title": "A title",
        "number": 42,
        "corrections": [{"edition": "2026-11-20", "text": "It was two."}],
        "sections": [
            {
                "kind": "essay",
                "body": "A [link](https://a.example/), `code`.\n\n> quote\n\n- item\n\n```\ncode\n```",
                "signature": "Ada",
            },
            {
                "kind": "links",
                "heading": "A heading of some length",
                "intro": "An [intro](https://a.example/).",
                "more": {"label": "All of them", "url": "https://a.example/"},
                "email_limit": 2,
                "items": [
                    {
                        "title": "A headline that goes on for rather more than one line on a phone",
                        "url": "https://a.example/1",
                        "source": "Source",
                        "source_url": "https://a.example/",
                        "summary": "A [summary](https://a.example/).",
                    }
                ]
                * 3,
            },
            {
                "kind": "papers",
                "heading": "Papers",
                "items": [
                    {
                        "title": "A paper",
                        "category": "cs.LG",
                        "authors": ["Ada Example"],
                        "take": "A [take](https://a.example/).",
                        "abstract": "It goes on. " * 60,
                        "code": "https://a.example/code",
                    }
                ],
            },
            {
                "kind": "benchmarks",
                "heading": "Benchmarks",
                "tables": [
                    {
                        "key": "t",
                        "name": "Index",
                        "source": "Source",
                        "source_url": "https://a.example/",
                        "description": "What it is.",
                        "columns": ["Model", "Score", "tok/s", "$/1M"],
                        "rows": [["A model with a long name", "57.3", "130", "$10.00"]] * 3,
                        "ranked": True,
                    }
                ],
            },
            {
                "kind": "repositories",
                "heading": "Trending",
                "items": [
                    {
                        "name": "an-owner/a-repository-name",
                        "url": "https://a.example/r",
                        "description": "What it [does](https://a.example/).",
                        "stars": 12345,
                        "stars_gained": 210,
                        "period": "day",
                    }
                ],
            },
        ],
    }
)
UNREADABLE = """
() => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.offsetParent) continue;
    const style = getComputedStyle(element);
    if (parseFloat(style.fontSize) < 8) continue;  // spacers
    const [a, b] = [light(parse(style.color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push([walker.currentNode.data.trim().slice(0, 40), ratio]);
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def mails() -> dict[str, str]:
    brand, addresses = Brand.default(), Addresses.sample()
    before = ISSUE.model_dump(mode="json", by_alias=True, exclude_none=True)
    before["sections"][3]["tables"][0]["rows"][0][0] = "Another"
    earlier = [Issue.model_validate({**before, "date": "2026-11-20"})]
    edition = compose(ISSUE, brand, addresses=addresses, earlier=earlier)
    notice = compose_notice("confirm", brand, url="https://newsletter.example/confirm/x")
    kinds = compose(load_issue(EVERYTHING).issue, brand, addresses=addresses)
    return {"edition": edition.html, "kinds": kinds.html, "notice": notice.html}


@pytest.mark.parametrize("mail", ["edition", "kinds", "notice"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 760])
def test_every_word_can_be_read_and_nothing_overflows(
    browser: Browser, mails: dict[str, str], mail: str, scheme: str, width: int
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.route("**/*", lambda route: route.abort())  # as where pictures are blocked
    page.set_content(mails[mail])
    assert page.evaluate("document.compatMode") == "CSS1Compat"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(UNREADABLE) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(15, 14, 13)") == (scheme == "dark")
    page.close()


# --- Words without an end


NOT_PROSE = frozenset(
    [
        "abstract_format",
        "arxiv",
        "code",
        "date",
        "id",
        "image",
        "key",
        "kind",
        "period",
        "published",
        "show_in",
        "source_url",
        "src",
        "topic",
        "until",
        "url",
    ]
)
UNBROKEN = "w" * 90


def endless(value: Any, key: str = "") -> Any:
    """A file's value with one unbroken word in place of each text that readers see."""
    if isinstance(value, dict):
        return {name: endless(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [endless(inner, key) for inner in value]
    return UNBROKEN if isinstance(value, str) and key not in NOT_PROSE else value


@pytest.fixture(scope="module")
def endless_mail() -> Composition:
    written = load_issue(EVERYTHING).issue.model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    issue = {**endless(written), "corrections": written["corrections"]}
    composition = compose(
        Issue.model_validate(issue), Brand.default(), addresses=Addresses.sample()
    )
    assert composition.html.count(UNBROKEN) > 40
    return composition


@pytest.mark.parametrize("width", [360, 760])
def test_words_without_an_end_stay_inside_the_mail(
    browser: Browser, endless_mail: Composition, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(endless_mail.html)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_words_without_an_end_stay_inside_the_text_parts_columns(endless_mail: Composition) -> None:
    for line in endless_mail.text.splitlines():
        assert columns(line) <= WIDTH or "://" in line


def test_seven_columns_of_a_table_fit_a_phone_with_no_word_cut(browser: Browser) -> None:
    labels = ("Model", "Score", "tok/s", "$/1M", "Context", "Latency", "Params")
    row = ("Some Model 3.1 Preview", "57.3", "130", "$10.00", "1,000k", "12.5 s", "unknown")
    table = {"key": "t", "name": "N", "columns": list(labels), "rows": [list(row)], "ranked": True}
    issue = {"date": "2026-11-22", "sections": [{"kind": "benchmarks", "tables": [table]}]}
    mail = compose(Issue.model_validate(issue), Brand.default(), addresses=Addresses.sample())
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.set_content(mail.html)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    lines = page.evaluate(
        "() => [...document.querySelectorAll('.figures .cell')].map(cell => {"
        " const range = document.createRange(); range.selectNodeContents(cell);"
        " return new Set([...range.getClientRects()].map(box => box.top)).size })"
    )
    words = [len(text.split()) for text in ("#", *labels, "1", *row)]
    assert all(seen <= most for seen, most in zip(lines, words, strict=True))
    page.close()
