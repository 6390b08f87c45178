"""What the templates of an edition see.

Its sections, rendered one by one, and functions for links, rich text and formulas that all three
forms (MJML, text, web) share.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from markupsafe import Markup

from emails import tex
from emails.abstracts import shorten
from emails.brand import Brand
from emails.composition import Finding
from emails.issue import Issue, Paper, Papers, Section, Table
from emails.languages import Words
from emails.link_book import LinkBook
from emails.mjml import environment
from emails.places import field_path, texts
from emails.richtext import Prose, read_block, read_inline
from emails.stylesheet import Stylesheet, stylesheet
from emails.tables import TableView, view
from emails.wording import direction, full_date, own_language, words_for

_UNKNOWN_TOLD = 5
"""Pieces of LaTeX in one warning."""

Form = Literal["mjml", "txt", "web"]

_SIDES = {
    "ltr": {"start": "left", "end": "right", "arrow": "→"},
    "rtl": {"start": "right", "end": "left", "arrow": "←"},
}
"""Where lines begin and end, and which way leads on."""


@dataclass(frozen=True, slots=True)
class Abstract:
    """An abstract as a mail shows it; `cut` says that it goes on elsewhere."""

    html: Markup
    text: str
    cut: bool


@dataclass
class Page:
    """One issue on its way into one form after the other.

    `web_edition` is where the whole issue stands, without an anchor. On the way the page collects
    `findings`, and as `notes` the numbers and addresses that the text part has to list.
    """

    issue: Issue
    brand: Brand
    book: LinkBook
    web_edition: str
    earlier: Sequence[Issue] = ()
    findings: dict[Finding, None] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    _read: dict[tuple[str, str], Prose] = field(default_factory=dict)

    @property
    def dateline(self) -> list[str]:
        """The masthead's line: date, number, authors."""
        issue, words = self.issue, self.words
        return [
            full_date(issue.date, words),
            *([words.number.format(number=issue.number)] if issue.number else []),
            *([words.by.format(names=", ".join(issue.authors))] if issue.authors else []),
        ]

    @property
    def words(self) -> Words:
        """The words that the mail itself says, in the issue's language."""
        return words_for(self.issue.language)

    @property
    def own(self) -> Markup:
        """Attributes of the elements that hold such words."""
        return Markup(own_language(self.issue.language))  # noqa: S704 - one of two constants

    @property
    def stylesheet(self) -> Stylesheet:
        """The brand's CSS, for the issue's direction."""
        return stylesheet(self.brand, direction(self.issue.language))

    @property
    def frame(self) -> dict[str, Any]:
        """What the template of a whole edition sees, whatever its form."""
        return {
            "issue": self.issue,
            "brand": self.brand,
            "language": self.issue.language,
            "direction": direction(self.issue.language),
            "dateline": self.dateline,
            "words": self.words,
            "own": self.own,
            "footnote": self.words.subscribed.format(name=self.brand.name),
        }

    def warn(self, code: str, where: str, message: str) -> None:
        self.findings[Finding(code, "warning", where, message)] = None

    def sections(
        self, form: Form, *, without: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Section, Markup]]:
        """Every section that has something to show in `form`, rendered, in order.

        Those with a topic in `without` are passed over.
        """
        place = "web" if form == "web" else "email"
        for at, (section, anchor) in enumerate(
            zip(self.issue.sections, self.issue.anchors(), strict=True)
        ):
            if place not in section.show_in or section.is_empty() or section.topic in without:
                continue
            yield section, Markup(self._render(section, form, at, anchor))  # noqa: S704

    def _render(self, section: Section, form: Form, at: int, anchor: str) -> str:
        items = getattr(section, "items", ())
        shown = items[: section.email_limit] if form != "web" else items
        template = environment().get_template(f"sections/{section.kind}.{form}.j2")
        return template.render(
            {
                "section": section,
                "words": self.words,
                "own": self.own,
                **_SIDES[direction(self.issue.language)],
                "heading": _heading(section),
                "below": f"h{_rank_below(section)}",
                "anchor": anchor,
                "items": shown,
                "rest": len(items) - len(shown),
                "web_edition": f"{self.web_edition}#{anchor}",
                **self._functions(section, anchor, f"sections[{at}]"),
            }
        ).strip("\n")

    def _functions(
        self, section: Section, anchor: str, where: str
    ) -> dict[str, Callable[..., Any]]:
        """`where` is the section's place in the issue, for findings."""
        rank = _rank_below(section)
        return {
            "href": self.book.href,
            "note": self._note,
            "inline": lambda text: self._rich(self._line(text), where, rank),
            "block": lambda text: self._rich(self.block(text), where, rank),
            "plain_inline": lambda text: self._line(text).line(self._note),
            "plain_block": lambda text: self.block(text).lines(self._note),
            "formula": lambda paper, text: self._formula(
                paper, text, _field(section, paper, where)
            ),
            "formula_text": self._formula_text,
            "shortened": lambda paper: self._shortened(paper, _field(section, paper, where)),
            "read_more": lambda paper, number: self._read_more(section, anchor, paper, number),
            "table_view": self._table_view,
        }

    def _line(self, text: str) -> Prose:
        """Markdown of one line, parsed once for all forms."""
        return self._prose("line", text, read_inline)

    def block(self, text: str) -> Prose:
        """Markdown with its paragraphs, parsed once for all forms."""
        return self._prose("block", text, read_block)

    def _prose(self, form: str, text: str, read: Callable[[str, str], Prose]) -> Prose:
        key = form, text
        if key not in self._read:
            self._read[key] = read(text, self.issue.language)
        return self._read[key]

    def _rich(self, prose: Prose, where: str, first_heading: int = 3) -> Markup:
        """HTML with its links numbered."""

        def refuse(url: str) -> None:
            message = f"a mail must not link to {url!r}, so its words stand alone: write https://…"
            self.warn("unsafe-link", self._field_of(url, where), message)

        html = prose.html(self.book.href, refuse=refuse, first_heading=first_heading)
        return Markup(html)  # noqa: S704

    def _field_of(self, url: str, where: str) -> str:
        """The field within `where` whose text has `url`."""
        fields = ((field_path(place), text) for place, text in texts(self.issue))
        return next((f for f, text in fields if f.startswith(where) and url in text), where)

    def _note(self, url: str) -> str:
        """What stands behind a link in the text part: its number, to be found below."""
        number = self.book.number(url)
        if number is None:
            return f" ({url})"
        self.notes[number] = self.book.href(url)
        return f" [{number}]"

    def _read_more(self, section: Section, anchor: str, paper: Paper, number: int) -> str:
        """Where an abstract goes on: on the web edition, else at the paper's own address."""
        if "web" in section.show_in:
            return f"{self.web_edition}#{anchor}-{number}"
        return self.book.href(paper.url, paper.title) if paper.url else ""

    def _table_view(self, table: Table) -> TableView:
        return view(table, self.earlier)

    def _shortened(self, paper: Paper, where: str) -> Abstract:
        whole = paper.abstract or ""
        if paper.abstract_format == "markdown":
            whole = self._line(whole).line(no_note)
            short, cut = shorten(whole, self.brand.abstract_length)
            return Abstract(Markup.escape(short), short, cut)
        short, cut = shorten(whole, self.brand.abstract_length)
        return Abstract(self._formula(paper, short, where), self._formula_text(paper, short), cut)

    def _formula(self, paper: Paper, text: str, where: str) -> Markup:
        """`text`, a title or an abstract, as the paper's format has it."""
        if paper.abstract_format == "latex":
            converted = tex.tex_to_html(text)
            field = "title" if text is paper.title else "abstract"
            self._warn_of_unknown(converted.unknown, paper, f"{where}.{field}")
            return Markup(converted.html)  # noqa: S704
        if paper.abstract_format == "markdown":
            return self._rich(self._line(text), where)
        return Markup.escape(text)

    def _formula_text(self, paper: Paper, text: str) -> str:
        if paper.abstract_format == "latex":
            return tex.tex_to_text(text)
        if paper.abstract_format == "markdown":
            return self._line(text).line(no_note)
        return text

    def _warn_of_unknown(self, unknown: Sequence[str], paper: Paper, where: str) -> None:
        if unknown:
            self.warn(
                "unknown-tex",
                where,
                f"{paper.title!r}: LaTeX not understood and shown as its source "
                f"({', '.join(unknown[:_UNKNOWN_TOLD])}): write it otherwise, or in words",
            )


def no_note(_url: str) -> str:
    """For plain text without its links."""
    return ""


def _field(section: Section, item: Paper, where: str) -> str:
    """The place of one of a section's items, `where` being the section's."""
    items = getattr(section, "items", ())
    return next((f"{where}.items[{at}]" for at, one in enumerate(items) if one is item), where)


def _rank_below(section: Section) -> int:
    """The rank of the headings within a section: h1 is the edition's, h2 a section's."""
    return 3 if section.heading else 2


def _heading(section: Section) -> str | None:
    """The heading as shown: "Research Papers — Focused" for a focused section."""
    if isinstance(section, Papers) and section.focus and section.heading:
        return f"{section.heading} — {section.focus.label}"
    return section.heading
