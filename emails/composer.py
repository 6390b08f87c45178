"""compose(): an issue and a brand become an email, in four steps.

    Jinja -> MJML -> HTML -> CSS inlined -> slots checked

The reader's values aren't here: slot words stand in their places (see `emails.slots`).
"""

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from emails.addresses import TOKEN, Addresses
from emails.brand import Brand
from emails.composition import Composition, Finding, TrackedLink
from emails.errors import CompositionError
from emails.inlining import inline
from emails.issue import Essay, Issue, Text
from emails.link_book import LinkBook
from emails.mjml import clean, mjml_to_html, render_template
from emails.page import Page, no_note
from emails.placeholders import Asked, asked_of, with_words
from emails.plaintext import excerpt
from emails.slots import fill, mint_words
from emails.utm import tagger
from emails.wording import long_date

__all__ = ["Addresses", "Composition", "Finding", "TrackedLink", "compose"]

PREHEADER_LENGTH = 110
_LINE_MARKS = re.compile(r"^(?:[>-] |\d+\. )+", re.MULTILINE)
"""What plain text puts before quoted lines and items."""


def compose(
    issue: Issue,
    brand: Brand,
    *,
    addresses: Addresses,
    muted: frozenset[str] = frozenset(),
    link_numbers: Mapping[str, int] | None = None,
    earlier: Sequence[Issue] = (),
) -> Composition:
    """Compose `issue` as the mail that readers get.

    Sections whose topic is in `muted` are left out; links keep the numbers that they have in the
    whole issue, or those of `link_numbers` (URL -> number). `earlier` issues of the publication
    give benchmark tables something to be compared with. The same arguments give the same bytes.

    Raises CompositionError for a link without a number in `link_numbers`, or when a template
    gives something that is no MJML.
    """
    asked = asked_of(issue)
    slots = _mint_slots(issue, brand, addresses, asked)
    issue = with_words(issue, {one.placeholder: slots[one.in_text.name] for one in asked})
    placed = addresses.with_token(slots.get("token", ""))
    book = LinkBook(placed.click, link_numbers, tagger(brand.utm, issue))
    page = Page(issue, brand, book, placed.view_online, earlier)
    subject, preheader = _subject(page), _preheader(page, muted)

    mjml = _mjml(page, placed, muted, subject=subject, preheader=preheader)
    mjml = _with_slots_of_markup(mjml, slots, asked)
    html = inline(mjml_to_html(mjml), page.stylesheet.inlined)
    text = _text(page, placed, muted)

    _require_token(slots, html, text)
    _require_plain_addresses(slots, asked, html, page.book.links)
    _look_over_sections(page, muted)
    return Composition(
        subject=subject,
        preheader=preheader,
        mjml=mjml,
        html=html,
        text=text,
        slots=slots,
        links=page.book.links,
        warnings=tuple(page.findings),
        personal=tuple(slot for one in asked for slot in (one.in_text, one.in_markup)),
    )


def _mint_slots(
    issue: Issue, brand: Brand, addresses: Addresses, asked: Sequence[Asked]
) -> dict[str, str]:
    """Slot words: for the reader's token, if any address wants one, and for what is asked of them."""
    names = ["token"] if TOKEN in repr(addresses) else []
    names += [slot.name for one in asked for slot in (one.in_text, one.in_markup)]
    if not names:
        return {}
    content = f"{issue.model_dump_json()}{brand.model_dump_json()}{addresses!r}"
    return mint_words(names, content)


def _with_slots_of_markup(mjml: str, slots: Mapping[str, str], asked: Sequence[Asked]) -> str:
    """Values stand escaped in markup, so their slots there are others than in the text."""
    words = {one.in_text.name: slots[one.in_text.name] for one in asked}
    return fill(mjml, words, {one.in_text.name: slots[one.in_markup.name] for one in asked})


def _require_token(slots: Mapping[str, str], html: str, text: str) -> None:
    """A word that got lost on the way would be a mail without its unsubscribe link."""
    word = slots.get("token", "")
    if word not in html or word not in text:
        raise CompositionError(
            "a slot word got lost in rendering: the unsubscribe link needs {token} in its address"
        )


def _require_plain_addresses(
    slots: Mapping[str, str], asked: Sequence[Asked], html: str, links: Sequence[TrackedLink]
) -> None:
    """Links are numbered, and pictures fetched: neither may hold what a reader typed."""
    in_links = [slots[one.in_text.name] for one in asked]
    in_html = "|".join(slots[one.in_markup.name] for one in asked)
    if any(word in link.url for word in in_links for link in links) or (
        in_html and re.search(rf'(?:href|src)="[^"]*(?:{in_html})', html)
    ):
        raise CompositionError(
            "a placeholder stands in an address, which must be the same for every reader: "
            "take it out of the link"
        )


def _mjml(
    page: Page, addresses: Addresses, muted: frozenset[str], *, subject: str, preheader: str
) -> str:
    brand = page.brand
    return render_template(
        "edition.mjml.j2",
        {
            **page.frame,
            "addresses": addresses,
            "subject": subject,
            "preheader": preheader,
            "sections": _sections(page, muted),
            "head_css": Markup(page.stylesheet.head),  # noqa: S704
            "light": brand.colours.light,
            "fonts": brand.fonts,
        },
    )


def _text(page: Page, addresses: Addresses, muted: frozenset[str]) -> str:
    sections = [markup for _, markup in page.sections("txt", without=muted)]
    return render_template(
        "edition.txt.j2",
        {
            **page.frame,
            "addresses": addresses,
            "sections": sections,
            "notes": sorted(page.notes.items()),
        },
    )


def _sections(page: Page, muted: frozenset[str]) -> list[Markup]:
    """The sections that the reader wants. All are rendered, so that links are numbered alike."""
    return [markup for section, markup in page.sections("mjml") if section.topic not in muted]


def _subject(page: Page) -> str:
    issue = page.issue
    given = clean(issue.subject or issue.title or "").strip()
    if given:
        return given
    fallback = f"{page.brand.name}, {long_date(issue.date, page.words)}"
    page.warn(
        "no-subject", "subject", f"neither subject nor title: the subject will be {fallback!r}"
    )
    return fallback


def _preheader(page: Page, muted: frozenset[str]) -> str:
    """The issue's own, else the beginning of the first piece of prose that the reader gets."""
    issue = page.issue
    if issue.preheader:
        return clean(issue.preheader)
    prose = (
        section.body
        for section in issue.sections
        if isinstance(section, Essay | Text) and section.body and section.topic not in muted
    )
    beginning = page.block(next(prose, "")).lines(no_note)[: 4 * PREHEADER_LENGTH]
    return clean(excerpt(_LINE_MARKS.sub("", beginning), PREHEADER_LENGTH))


def _look_over_sections(page: Page, muted: frozenset[str]) -> None:
    declared = {topic.key for topic in page.brand.topics}
    for at, section in enumerate(page.issue.sections):
        if section.is_empty():
            page.warn(
                "empty-section", f"sections[{at}]", f"nothing in this {section.kind}: left out"
            )
        if section.topic and section.topic not in declared | muted:
            page.warn(
                "unknown-topic",
                f"sections[{at}].topic",
                f"the publication declares no topic {section.topic!r}: the section goes to everyone",
            )
