"""CSS into style attributes by premailer, pinned down.

premailer would also take the style blocks that MJML wrote and the media queries for dark mode
apart (and lose `@supports` and `[data-ogsc]`), and its CSS parser would fetch an `@import`. So
every style block is marked to be left alone, and only our own CSS is handed over.
"""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from premailer import Premailer

from emails.errors import CompositionError
from emails.mjml import DOCTYPE

_STYLE = re.compile(r"<style\b")
_CLASSES = re.compile(r'class="([^"]*)"')
_TAGS = re.compile(r"<([a-z][a-z0-9]*)")
_NAMES = re.compile(r"[\w-]+")
_MARKER = ' data-premailer="ignore"'


Rules = Sequence[tuple[tuple[int, ...], str, str]]


def inline(html: str, css: str) -> str:
    """`html` with the rules of `css` in its elements' style attributes.

    `css` is parsed once for as long as the process lives.
    """
    marked = _STYLE.sub(f"<style{_MARKER}", html)
    inlined: str = _Inliner(_rules_for(marked, css)).transform(marked, pretty_print=False)
    inlined = inlined.replace(_MARKER, "")
    if not inlined.startswith(DOCTYPE):
        raise CompositionError("premailer dropped the doctype: mails would render in quirks mode")
    return inlined


class _Inliner(Premailer):  # type: ignore[misc]  # premailer has no types
    """premailer with rules that are parsed already.

    Left to itself it writes its parsed CSS out anew for every document, which takes longer than
    all the rest of composing.
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
def _parse(css: str) -> Rules:
    """The stylesheet as premailer reads it: (specificity, selector, declarations)."""
    rules, _leftover = Premailer._parse_style_rules(_Inliner(), css, 0)  # noqa: SLF001
    return tuple(rules)


def _rules_for(html: str, css: str) -> Rules:
    """The rules whose classes and elements occur in `html`: looking for each costs its time."""
    there = {name for names in _CLASSES.findall(html) for name in names.split()}
    there.update(_TAGS.findall(html))
    return tuple(rule for rule in _parse(css) if there.issuperset(_NAMES.findall(rule[1])))
