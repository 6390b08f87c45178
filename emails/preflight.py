"""What a composition shows by itself, before anything goes out.

What needs the database or the network (history, links that answer, DNS) is looked at elsewhere.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from emails.brand import Brand, Palette, contrast
from emails.composition import Composition, Finding
from emails.issue import Issue
from emails.slots import fill

HTML_BUDGET = 90_000
"""Octets of the decoded HTML part; Gmail clips a message at about 102 kB."""

TOKEN_LENGTH = 64
"""What a slot is taken to be filled with, in characters: no token is longer."""

SUBJECT_LENGTH = 78
PREHEADER_LENGTH = 140
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3


def check(composition: Composition, *, issue: Issue, brand: Brand) -> tuple[Finding, ...]:
    """Everything to be said about `composition`: its own warnings first, then what is found here.

    An error means that it should not go out; a warning wants an editor's eye.
    """
    return (
        *composition.warnings,
        *_size(composition),
        *_lengths(composition),
        *_markup(composition),
        *_brand(brand),
        *_emptiness(issue, composition),
    )


def filled_size(composition: Composition) -> int:
    """Octets of the HTML part once slots are filled."""
    values = dict.fromkeys(composition.slots, "x" * TOKEN_LENGTH)
    return len(fill(composition.html, composition.slots, values).encode("utf-8"))


def _size(composition: Composition) -> Iterator[Finding]:
    size = filled_size(composition)
    if size > HTML_BUDGET:
        yield Finding(
            "too-large",
            "error",
            "html",
            f"the HTML has {size:,} bytes of {HTML_BUDGET:,}: Gmail would cut it off; "
            "shorten abstracts or set email_limit on the longest section",
        )


def _lengths(composition: Composition) -> Iterator[Finding]:
    if len(composition.subject) > SUBJECT_LENGTH:
        yield Finding(
            "long-subject",
            "warning",
            "subject",
            f"the subject has {len(composition.subject)} characters: phones show about 40, "
            f"nobody more than {SUBJECT_LENGTH}",
        )
    if not composition.preheader:
        yield Finding(
            "no-preheader",
            "warning",
            "preheader",
            "nothing to show beside the subject: write a preheader",
        )
    elif len(composition.preheader) > PREHEADER_LENGTH:
        yield Finding(
            "long-preheader",
            "warning",
            "preheader",
            f"the preheader has {len(composition.preheader)} characters; "
            f"no inbox shows more than {PREHEADER_LENGTH}",
        )


def _markup(composition: Composition) -> Iterator[Finding]:
    reader = _Reader()
    reader.feed(composition.html)
    for source in reader.without_alt:
        yield Finding(
            "no-alt", "warning", "html", f"the image {source} has no alt text: say what it shows"
        )
    for address in dict.fromkeys(reader.empty_links):
        yield Finding(
            "empty-link", "warning", "html", f"the link to {address} has no words to click on"
        )
    yield from _repeated(composition)


def _repeated(composition: Composition) -> Iterator[Finding]:
    """Two addresses that differ only in a trailing slash or fragment are most likely one story."""
    first: dict[str, str] = {}
    for link in composition.links:
        story = re.sub(r"(#.*)?$", "", link.url).rstrip("/")
        known = first.setdefault(story, link.url)
        if known != link.url:
            yield Finding(
                "duplicate-link", "warning", "links", f"{link.url} and {known} seem to be the same"
            )


def _brand(brand: Brand) -> Iterator[Finding]:
    if not brand.postal_address.strip():
        yield Finding(
            "no-postal-address",
            "warning",
            "brand.postal_address",
            "the footer has no postal address: the law asks for one in most countries",
        )
    for mode, palette in (("light", brand.colours.light), ("dark", brand.colours.dark)):
        for text, ground, ratio in _contrasts(palette):
            if ratio < LEAST_CONTRAST:
                yield Finding(
                    "low-contrast",
                    "warning",
                    f"brand.colours.{mode}.{text}",
                    f"{text} on {ground} has a contrast of {ratio:.1f}; "
                    f"{LEAST_CONTRAST} are needed to be read",
                )


def _contrasts(palette: Palette) -> Iterator[tuple[str, str, float]]:
    """Every text colour on every ground that it stands on."""
    for text in ("ink", "soft", "accent"):
        for ground in ("paper", "card"):
            yield text, ground, contrast(getattr(palette, text), getattr(palette, ground))
    yield "soft", "canvas", contrast(palette.soft, palette.canvas)


def _emptiness(issue: Issue, composition: Composition) -> Iterator[Finding]:
    if all(section.is_empty() or "email" not in section.show_in for section in issue.sections):
        yield Finding("empty", "error", "sections", "no section has anything to send")
    if not composition.links:
        yield Finding("no-links", "warning", "sections", "there is no link in this edition")


class _Reader(HTMLParser):
    """Collects images without alt text, and links without words."""

    def __init__(self) -> None:
        super().__init__()
        self.without_alt: list[str] = []
        self.empty_links: list[str] = []
        self._address: str | None = None
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self._see_image(given)
        elif tag == "a" and given.get("href"):
            self._address, self._words = given["href"], given.get("aria-label") or ""

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._address:
            if not self._words.strip():
                self.empty_links.append(self._address)
            self._address = None

    def _see_image(self, given: dict[str, str | None]) -> None:
        """A pixel of one by one is no picture; an image in a link speaks for it."""
        self._words += given.get("alt") or ""
        if not given.get("alt") and given.get("width") != "1":
            self.without_alt.append(given.get("src") or "")
