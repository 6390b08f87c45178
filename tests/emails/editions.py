"""An issue with the usual sections, and what composing it gives, for the tests of the composer."""

from html.parser import HTMLParser
from typing import Any

from emails.brand import Brand, Topic
from emails.composer import Addresses, Composition, compose
from emails.issue import Issue

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
