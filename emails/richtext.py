"""Markdown -> safe HTML, and -> plain text with its links noted.

CommonMark with strikethrough, footnotes, image sizes (`![alt](url){width=300}`) and the
quotes of the language. Raw HTML shows as it was typed. Bare addresses stay text: write
`<https://…>`. Links lead where `href` says (tracking), and those that a mail must not
carry lose their address and are told to `refuse`.
"""

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

Href = Callable[[str], str]
Refuse = Callable[[str], None]


def _ignore(_url: str) -> None:
    """For callers who have reported the text already."""


def render_inline(text: str, href: Href, *, language: str = "en", refuse: Refuse = _ignore) -> str:
    """Markdown of one line, without paragraphs, as HTML. `href` maps every link's URL."""
    parser = _parser(_base(language, text))
    return _render(parser, parser.parseInline(text), href, refuse)


def render_block(
    text: str, href: Href, *, language: str = "en", refuse: Refuse = _ignore, first_heading: int = 3
) -> str:
    """Markdown as HTML blocks. `href` maps every link's URL.

    The highest heading becomes h3, or what `first_heading` says, and none skips a level.
    """
    parser = _parser(_base(language, text))
    tokens = parser.parse(text)
    _rank_headings(tokens, first_heading)
    return _render(parser, tokens, href, refuse)


def plain_inline(text: str, note: Href, *, language: str = "en") -> str:
    """Markdown on one line of text. `note(url)` is what to put behind a link: " [3]"."""
    tokens = _parser(_base(language, text)).parseInline(text)
    return " ".join(_Plain(note).inline(SyntaxTreeNode(tokens)).split("\n"))


def plain_block(text: str, note: Href, *, language: str = "en") -> str:
    """Markdown as text, a line for each paragraph or list item, not wrapped."""
    tokens = _parser(_base(language, text)).parse(text)
    return _Plain(note).blocks(SyntaxTreeNode(tokens))


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


# --- HTML


def _render(parser: MarkdownIt, tokens: list[Token], href: Href, refuse: Refuse) -> str:
    for token in tokens:
        if token.children:
            token.children = list(_lead(token.children, href, refuse))
    return _CLEANER.clean(parser.renderer.render(tokens, parser.options, {})).strip()


def _rank_headings(tokens: list[Token], first: int) -> None:
    written = sorted({token.tag for token in tokens if token.type == "heading_open"})
    rank = first - 1
    for token in tokens:
        if token.type == "heading_open":
            rank = min(first + written.index(token.tag), rank + 1, _LOWEST_HEADING)
            token.tag = f"h{rank}"
        elif token.type == "heading_close":
            token.tag = f"h{rank}"


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
            token.attrs["href"] = href(url)
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
