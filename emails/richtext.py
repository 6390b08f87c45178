"""Markdown -> safe HTML, and -> plain text with its links noted.

CommonMark with strikethrough, footnotes, image sizes (`![alt](url){width=300}`) and the
quotes of the language. Raw HTML shows as it was typed. Bare addresses stay text: write
`<https://…>`, of which a long one is shown without its middle. Links lead where `href` says (tracking), and those that a mail must not
carry lose their address and are told to `refuse`.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.footnote import footnote_plugin

from emails.sections.parts import checked_url

_TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "ol",
}
_TAGS |= {"p", "pre", "s", "strong", "sup", "ul"}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title", "width", "height"}}
_ATTRIBUTES |= {"ol": {"start"}}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)

# Opening and closing, double then single, as each language prints them.
_ENGLISH = ("“", "”", "‘", "’")
_QUOTES: dict[str, Sequence[str]] = {
    "cs": ("„", "“", "‚", "‘"),
    "da": ("»", "«", "›", "‹"),
    "de": ("„", "“", "‚", "‘"),
    "es": ("«", "»", "“", "”"),
    "fi": ("”", "”", "’", "’"),
    "fr": ("«\xa0", "\xa0»", "‹\xa0", "\xa0›"),
    "it": ("«", "»", "“", "”"),
    "nb": ("«", "»", "‘", "’"),
    "nl": _ENGLISH,
    "no": ("«", "»", "‘", "’"),
    "pl": ("„", "”", "«", "»"),
    "pt": _ENGLISH,
    "ru": ("«", "»", "„", "“"),
    "sv": ("”", "”", "’", "’"),
    "uk": ("«", "»", "„", "“"),
}
# The parser copies a paragraph for every quote that it turns, and looks back for its beginning.
_LONGEST_WITH_QUOTES = 30_000
_MOST_QUOTES = 1_000
_LOWEST_HEADING = 6
LONGEST_ADDRESS = 60
"""Characters of an address that is shown as itself."""

Href = Callable[[str], str]
Refuse = Callable[[str], None]


def _ignore(_url: str) -> None:
    """For callers who have reported the text already."""


class Prose:
    """A text of Markdown, parsed once and written as often as it is needed."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens

    def html(self, href: Href, *, refuse: Refuse = _ignore, first_heading: int = 3) -> str:
        """As safe HTML. `href` maps every link's URL.

        The highest heading becomes h3, or what `first_heading` says, and none skips a level.
        """
        tokens = [
            token.copy(children=list(_lead(token.children, href, refuse)))
            if token.children
            else token
            for token in _ranked(self._tokens, first_heading)
        ]
        parser = _parser("")
        return _CLEANER.clean(parser.renderer.render(tokens, parser.options, {})).strip()

    def line(self, note: Href) -> str:
        """As text on one line. `note(url)` is what to put behind a link: " [3]"."""
        return " ".join(_Plain(note).inline(SyntaxTreeNode(self._tokens)).split("\n"))

    def lines(self, note: Href) -> str:
        """As text, a line for each paragraph or list item, not wrapped."""
        return _Plain(note).blocks(SyntaxTreeNode(self._tokens))


def read_inline(text: str, language: str = "en") -> Prose:
    """Markdown of one line, without paragraphs."""
    return Prose(_with_short_addresses(_parser(_base(language, text)).parseInline(text)))


def read_block(text: str, language: str = "en") -> Prose:
    """Markdown with its paragraphs, lists and headings."""
    return Prose(_with_short_addresses(_parser(_base(language, text)).parse(text)))


# --- Parsing


def _base(language: str, text: str) -> str:
    """Whose quotes to set; "" for none."""
    quotes = text.count('"') + text.count("'")
    if len(text) > _LONGEST_WITH_QUOTES or quotes > _MOST_QUOTES:
        return ""
    return language.lower().split("-")[0]


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802, ARG002 - the library's name
        """Every link comes through as one, so that it can be told to `refuse`."""
        return True


@lru_cache(maxsize=64)
def _parser(language: str) -> MarkdownIt:
    quotes = _QUOTES.get(language, _ENGLISH)
    parser = _Parser("commonmark", {"html": False, "typographer": True, "quotes": quotes})
    parser.enable("strikethrough").use(attrs_plugin, allowed=("width", "height"))
    parser.use(footnote_plugin, inline=False)
    if language:
        parser.enable("smartquotes")
    # A footnote's number without links: anchors inside a mail lead nowhere in most clients.
    parser.renderer.rules["footnote_ref"] = _footnote_number  # type: ignore[attr-defined]
    parser.renderer.rules["footnote_anchor"] = _nothing  # type: ignore[attr-defined]
    parser.renderer.rules["footnote_block_open"] = lambda *_: "<hr><ol>"  # type: ignore[attr-defined]
    parser.renderer.rules["footnote_block_close"] = lambda *_: "</ol>"  # type: ignore[attr-defined]
    return parser


def _footnote_number(tokens: Sequence[Token], at: int, *_: object) -> str:
    return f"<sup>{tokens[at].meta['id'] + 1}</sup>"


def _nothing(*_: object) -> str:
    return ""


def _with_short_addresses(tokens: list[Token]) -> list[Token]:
    """The tokens, with addresses that stand for themselves cut in their middle.

    Nobody reads a long one, and on a phone it would be wider than the mail.
    """
    for children in filter(None, (token.children for token in tokens)):
        for opening, label in itertools.pairwise(children):
            if opening.markup == "autolink" and len(label.content) > LONGEST_ADDRESS:
                kept = LONGEST_ADDRESS - 1
                head = kept * 2 // 3
                label.content = f"{label.content[:head]}…{label.content[head - kept :]}"
    return tokens


# --- HTML


def _ranked(tokens: Sequence[Token], first: int) -> Iterator[Token]:
    """The tokens, their headings from `first` down."""
    written = sorted({token.tag for token in tokens if token.type == "heading_open"})
    rank = first - 1
    for token in tokens:
        if token.type == "heading_open":
            rank = min(first + written.index(token.tag), rank + 1, _LOWEST_HEADING)
        is_heading = token.type in {"heading_open", "heading_close"}
        yield token.copy(tag=f"h{rank}") if is_heading else token


def _lead(children: list[Token], href: Href, refuse: Refuse) -> Iterator[Token]:
    """The inline tokens with links led through `href`, less those that a mail must not carry."""
    refused = False
    for token in children:
        if token.type == "link_open":
            url = str(token.attrs["href"])
            refused = not is_safe(url)
            if refused:
                refuse(url)
                continue
            token = token.copy(attrs={**token.attrs, "href": href(url)})  # noqa: PLW2901
        elif token.type == "link_close" and refused:
            refused = False
            continue
        yield _image(token, refuse) if token.type == "image" else token


def _image(token: Token, refuse: Refuse) -> Token:
    """The image, or its alt text where its source is no web address."""
    source = str(token.attrs["src"])
    if is_safe(source) and not source.startswith("mailto:"):
        return token
    refuse(source)
    return Token("text", "", 0, content=token.content)


def is_safe(url: str) -> bool:
    """Whether a mail may link to `url`: http, https or mailto, complete."""
    try:
        return bool(checked_url(url))
    except ValueError:
        return False


# --- Plain text


class _Plain:
    """Walks the tree of one text."""

    def __init__(self, note: Href) -> None:
        self.note = note

    def blocks(self, node: SyntaxTreeNode) -> str:
        return "\n\n".join(filter(None, map(self.block, node.children)))

    def block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "bullet_list" | "ordered_list" | "footnote_block":
                return "\n".join(self.items(node))
            case "blockquote":
                return _prefixed(self.blocks(node), "> ", "> ")
            case "fence" | "code_block":
                return _prefixed(node.content.rstrip("\n"), "    ", "    ")
            case "hr":
                return "* * *"
            case "inline":
                return self.inline(node)
            case _:
                return "".join(map(self.block, node.children))

    def items(self, node: SyntaxTreeNode) -> Iterator[str]:
        start = int(node.attrs.get("start", 1))
        for place, item in enumerate(node.children):
            mark = "- " if node.type == "bullet_list" else f"{start + place}. "
            inner = [text for text in map(self.block, item.children) if text]
            yield _prefixed("\n".join(inner), mark, " " * len(mark))

    def inline(self, node: SyntaxTreeNode) -> str:
        return "".join(map(self.span, node.children))

    def span(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text" | "code_inline":
                return node.content
            case "softbreak" | "hardbreak":
                return " " if node.type == "softbreak" else "\n"
            case "link":
                return self.link(node)
            case "image":
                return f"[{node.content}]" if node.content else ""
            case "footnote_ref":
                return f"[^{node.meta['id'] + 1}]"
            case _:
                return self.inline(node)

    def link(self, node: SyntaxTreeNode) -> str:
        url = str(node.attrs["href"])
        return self.inline(node) + (self.note(url) if is_safe(url) else "")


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        (rest if at else first) + line if line else "" for at, line in enumerate(lines)
    )
