"""What a composition shows by itself, before anything goes out.

What needs the database or the network (history, links that answer, DNS) is looked at elsewhere.
"""

from collections.abc import Iterator
from html import unescape

from emails import placeholders
from emails.addresses import TOKEN, Addresses
from emails.brand import Brand, Palette, contrast
from emails.composition import Composition, Finding
from emails.issue import Issue, Section
from emails.outline import Outline
from emails.repeats import repeated_within
from emails.slots import fill
from emails.suspicions import suspicions
from emails.whereabouts import Whereabouts

HTML_BUDGET = 90_000
"""Octets of the decoded HTML part; Gmail clips a message at about 102 kB."""

TOKEN_LENGTH = 64
"""What a slot is taken to be filled with, in characters: no token is longer."""

SUBJECT_LENGTH = 78
PREHEADER_LENGTH = 140
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
MANY_ITEMS = 12
TIMES_THE_NEXT = 3
MOST_LINKS = 2000
"""More than this is a mistake, and would be a table of its own in the database."""


def check(
    composition: Composition, *, issue: Issue, brand: Brand, addresses: Addresses | None = None
) -> tuple[Finding, ...]:
    """Everything to be said about `composition`: its own warnings first, then what is found here.

    An error means that it should not go out; a warning wants an editor's eye. With the
    `addresses` that it was composed with, the way out of the list is looked for, too.
    """
    composition = composition.without_reader()
    outline, whereabouts = Outline(composition.html), Whereabouts(issue, composition, addresses)
    return (
        *composition.warnings,
        *_size(composition),
        *placeholders.findings(issue),
        *_lengths(composition),
        *_markup(outline, whereabouts),
        *(_ways_out(composition, addresses) if addresses else ()),
        *repeated_within(issue),
        *_balance(issue),
        *suspicions(composition, outline, whereabouts),
        *_brand(brand),
        *_emptiness(issue, composition),
    )


def filled_size(composition: Composition) -> int:
    """Octets of the HTML part once slots are filled."""
    html = fill(composition.html, composition.slots, composition.values("x" * TOKEN_LENGTH))
    return len(html.encode("utf-8"))


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
        yield _warning(
            "long-subject",
            "subject",
            f"the subject has {len(composition.subject)} characters: phones show about 40, "
            f"nobody more than {SUBJECT_LENGTH}; shorten it",
        )
    if not composition.preheader:
        yield _warning(
            "no-preheader",
            "preheader",
            "nothing to show beside the subject: write a preheader",
        )
    elif len(composition.preheader) > PREHEADER_LENGTH:
        yield _warning(
            "long-preheader",
            "preheader",
            f"the preheader has {len(composition.preheader)} characters; "
            f"no inbox shows more than {PREHEADER_LENGTH}; shorten it",
        )


def _markup(outline: Outline, whereabouts: Whereabouts) -> Iterator[Finding]:
    for source, alt in outline.pictures:
        if not alt:
            message = f"the image {source} has no alt text: say what it shows"
            yield _warning("no-alt", whereabouts.field(source), message)
    for address in dict.fromkeys(address for address, words in outline.links if not words):
        message = f"the link to {whereabouts.url(address)} has no words to click on: write some"
        yield _warning("empty-link", whereabouts.field(address), message)


def _ways_out(composition: Composition, addresses: Addresses) -> Iterator[Finding]:
    """The link to unsubscribe, in both parts; a template of one's own may have lost it."""
    fixed = addresses.unsubscribe.split(TOKEN)[0]
    for part in ("html", "text"):
        if fixed not in unescape(getattr(composition, part)):
            message = f"there is no link to unsubscribe in the {part} part: put {{{{ addresses.unsubscribe }}}} back into the template"
            yield Finding("no-unsubscribe", "error", part, message)


def _balance(issue: Issue) -> Iterator[Finding]:
    """A list that dwarfs the others, and headings that stand twice."""
    shown = [
        (len(_items(section)[: section.email_limit]), at)
        for at, section in enumerate(issue.sections)
        if "email" in section.show_in and _items(section)
    ]
    (most, place), (next_most, _) = [*sorted(shown, reverse=True), (0, 0), (0, 0)][:2]
    if next_most and most >= MANY_ITEMS and most > TIMES_THE_NEXT * next_most:
        message = f"has {most} items, the next longest list {next_most}: set email_limit, the web has the rest"
        yield _warning("unbalanced", f"sections[{place}]", message)
    headings: set[str] = set()
    for at, section in enumerate(issue.sections):
        if section.heading and section.heading in headings:
            message = f"{section.heading!r} is the heading of an earlier section too: name one of them otherwise"
            yield _warning("duplicate-heading", f"sections[{at}].heading", message)
        headings.add(section.heading or "")


def _items(section: Section) -> tuple[object, ...]:
    items: tuple[object, ...] = getattr(section, "items", ())
    return items


def _brand(brand: Brand) -> Iterator[Finding]:
    if not brand.postal_address.strip():
        yield _warning(
            "no-postal-address",
            "brand.postal_address",
            "the footer has no postal address: the law asks for one in most "
            "countries, so set the publication's postal_address",
        )
    for mode, palette in (("light", brand.colours.light), ("dark", brand.colours.dark)):
        for text, ground, ratio in _contrasts(palette):
            if ratio < LEAST_CONTRAST:
                yield _warning(
                    "low-contrast",
                    f"brand.colours.{mode}.{text}",
                    f"{text} on {ground} has a contrast of {ratio:.1f}; "
                    f"{LEAST_CONTRAST} are needed to be read, so choose two that are further apart",
                )


def _contrasts(palette: Palette) -> Iterator[tuple[str, str, float]]:
    """Every text colour on every ground that it stands on."""
    for text in ("ink", "soft", "accent"):
        for ground in ("paper", "card"):
            yield text, ground, contrast(getattr(palette, text), getattr(palette, ground))
    yield "soft", "canvas", contrast(palette.soft, palette.canvas)


def _emptiness(issue: Issue, composition: Composition) -> Iterator[Finding]:
    if all(section.is_empty() or "email" not in section.show_in for section in issue.sections):
        yield Finding("empty", "error", "sections", "no section has anything to send: fill one")
    if not composition.links:
        yield _warning(
            "no-links", "sections", "there is no link in this edition: lead to what it tells of"
        )
    if len(composition.links) > MOST_LINKS:
        message = (
            f"there are {len(composition.links):,} links; an edition has at most {MOST_LINKS:,}: "
            "set show_in: [web] on what the mail can do without"
        )
        yield Finding("too-many-links", "error", "sections", message)


def _warning(code: str, field: str, message: str) -> Finding:
    return Finding(code, "warning", field, message)
