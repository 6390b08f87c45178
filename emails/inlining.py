"""CSS into style attributes by premailer, pinned down.

premailer would take the style blocks that MJML wrote and the media queries for dark mode apart
(and lose `@supports` and `[data-ogsc]`), and its CSS parser would fetch an `@import`. So it never
sees the document: it is asked what our own CSS makes of each *kind* of element, and its answers
are kept. Editions differ in their words and hardly in their kinds, so that a warm process asks
nothing; asking for every element anew took longer than all the rest of composing.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from lxml import etree
from premailer import Premailer

from emails.errors import CompositionError
from emails.mjml import DOCTYPE

MOST_KINDS = 20_000
"""Kinds kept for one stylesheet. An edition has about two hundred, nested lists have their own."""

# What a kind can be told by: elements, their classes, and what they stand in.
_BY_ANCESTRY = re.compile(r"[\w.-]+(?:(?: | > )[\w.-]+)*")
_NAMES = re.compile(r"[\w-]+")

Rules = Sequence[tuple[tuple[int, ...], str, str]]
Look = tuple[str, str | None, str | None]
"""Tag, class and style of an element."""


def inline(html: str, css: str) -> str:
    """`html` with the rules of `css` in its elements' style attributes.

    A style that an element has already wins over the rules. Raises CompositionError for a document
    in quirks mode, and for a selector that asks for more than elements, classes and ancestors.
    """
    if not html.startswith(DOCTYPE):
        raise CompositionError("the HTML has no doctype: mails would render in quirks mode")
    page = etree.fromstring(html, etree.HTMLParser())
    _wardrobe(css).dress(page.find("body"))
    inlined: bytes = etree.tostring(page.getroottree(), method="html", encoding="utf-8")
    return inlined.decode("utf-8")


class _Kind:
    """Elements that look alike and stand in elements that do: our CSS can't tell them apart.

    `style` is their style attribute with the rules in it, None until premailer was asked.
    """

    __slots__ = ("inner", "look", "outer", "style")

    def __init__(self, look: Look, outer: "_Kind | None" = None) -> None:
        self.look = look
        self.outer = outer
        self.inner: dict[Look, _Kind] = {}
        self.style: str | None = None


class _Wardrobe:
    """The styles of every kind of element that one stylesheet has met. Threads may share it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._root = _Kind(("body", None, None))
        self._known = 0

    def dress(self, body: Any) -> None:
        """Put the styles into the elements below `body`, an element of lxml."""
        if self._known > MOST_KINDS:
            self._root, self._known = _Kind(self._root.look), 0
        root = self._root  # another thread may begin anew
        found: list[tuple[Any, _Kind]] = []
        _sort(body, root, found)
        if unknown := dict.fromkeys(kind for _, kind in found if kind.style is None):
            self._ask(unknown, root)
        for element, kind in found:
            if kind.style:
                element.set("style", kind.style)

    def _ask(self, kinds: Iterable[_Kind], root: _Kind) -> None:
        """Have premailer style one element of each kind, in a document of nothing else."""
        document = etree.Element("body")
        mirrors = {root: document}
        asked = [(kind, _mirror(kind, mirrors)) for kind in kinds]
        _Inliner(_rules_for(mirrors, self._rules)).transform(document)
        for kind, element in asked:
            kind.style = element.get("style", "")
        self._known += len(asked)


def _sort(element: Any, kind: _Kind, found: list[tuple[Any, _Kind]]) -> None:
    """Add everything below `element`, which is of `kind`, to `found`."""
    for child in element.iterchildren(etree.Element):
        look = (child.tag, child.get("class"), child.get("style"))
        inner = kind.inner.get(look) or kind.inner.setdefault(look, _Kind(look, kind))
        found.append((child, inner))
        _sort(child, inner, found)


def _mirror(kind: _Kind, mirrors: dict[_Kind, Any]) -> Any:
    """An element of `kind`, in elements of the kinds that it stands in."""
    if kind not in mirrors and kind.outer:
        tag, classes, style = kind.look
        given = {"class": classes, "style": style}
        there = {name: value for name, value in given.items() if value is not None}
        mirrors[kind] = etree.SubElement(_mirror(kind.outer, mirrors), tag, there)
    return mirrors[kind]


def _rules_for(kinds: Iterable[_Kind], rules: Rules) -> Rules:
    """The rules that name nothing but what is there: looking for each costs its time."""
    there = {name for kind in kinds for name in (kind.look[0], *(kind.look[1] or "").split())}
    return [rule for rule in rules if there.issuperset(_NAMES.findall(rule[1]))]


class _Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
    """premailer with rules that are parsed already.

    Left to itself it writes its parsed CSS out anew for every document.
    """

    def __init__(self, rules: Rules = ()) -> None:
        super().__init__(
            css_text="handed over as rules",
            allow_network=False,
            strip_important=False,  # else the column widths' media query has nothing to override
            disable_leftover_css=True,  # what cannot be inlined stands in the head already
            disable_validation=True,
            disable_basic_attributes=["width", "height", "bgcolor", "align", "valign"],
            align_floating_images=False,
            cssutils_logging_level=logging.CRITICAL,
        )
        self._rules = rules

    def _parse_style_rules(self, _css: str, _sheet: int) -> tuple[Rules, list[Any]]:
        """What `Premailer.transform` asks for: (rules, leftover)."""
        return self._rules, []


@lru_cache(maxsize=64)
def _wardrobe(css: str) -> _Wardrobe:
    """The wardrobe of `css`, as premailer reads it: (specificity, selector, declarations)."""
    rules, _leftover = Premailer._parse_style_rules(_Inliner(), css, 0)  # noqa: SLF001
    for _, selector, _declarations in rules:
        if not _BY_ANCESTRY.fullmatch(selector):
            raise CompositionError(
                f"the stylesheet's selector {selector!r} can't be inlined: "
                "name elements, their classes and what they stand in, and nothing else"
            )
    return _Wardrobe(tuple(rules))
