"""CSS into style attributes by premailer, pinned down.

premailer would also take the style blocks that MJML wrote and the media queries for dark mode
apart (and lose `@supports` and `[data-ogsc]`), and its CSS parser would fetch an `@import`. So
every style block is marked to be left alone, and only our own CSS is handed over.
"""

import logging
import re

from premailer import Premailer

from emails.errors import CompositionError
from emails.mjml import DOCTYPE

_STYLE = re.compile(r"<style\b")
_MARKER = ' data-premailer="ignore"'


def inline(html: str, css: str) -> str:
    """`html` with the rules of `css` in its elements' style attributes.

    `css` is parsed once for as long as the process lives (premailer keeps it by its text).
    """
    marked = _STYLE.sub(f"<style{_MARKER}", html)
    inlined: str = _premailer(css).transform(marked, pretty_print=False)
    inlined = inlined.replace(_MARKER, "")
    if not inlined.startswith(DOCTYPE):
        raise CompositionError("premailer dropped the doctype: mails would render in quirks mode")
    return inlined


def _premailer(css: str) -> Premailer:
    return Premailer(
        css_text=css,
        allow_network=False,
        strip_important=False,  # else the column widths' media query has nothing to override
        disable_leftover_css=True,  # what cannot be inlined stands in the head already
        disable_validation=True,
        disable_basic_attributes=["width", "height", "bgcolor", "align", "valign"],
        align_floating_images=False,
        cssutils_logging_level=logging.CRITICAL,
    )
