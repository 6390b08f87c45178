r"""Jinja -> MJML -> HTML, with every trap of mrml (the engine behind mjml-python) in this one file.

Found by running it (mjml-python 1.4.2):
- attribute values come out escaped as Rust writes them for debugging (doubled backslashes,
  `\u{a0}`), so MJML goes in as ASCII with character references, a backslash too;
- a line break between two inline tags vanishes and joins the words beside it;
- control characters, and a lone surrogate, end in an error without a position;
- without `fonts={}` it links Google Fonts;
- its doctype is lowercase, so that premailer and lxml drop it (quirks mode);
- a section's table has its width in a style alone: where styles are stripped, each shrinks to its
  words and stands at a place of its own.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from mjml import mjml2html

from emails import foot, plaintext, wording
from emails.errors import CompositionError

DOCTYPE = "<!DOCTYPE html>"
_MRML_DOCTYPE = "<!doctype html>"
_SECTION_TABLE = 'role="presentation" align="center" style="'
_WIDE_TABLE = 'role="presentation" align="center" width="100%" style="'

# What XML 1.0 §2.2 allows, less the lone surrogates that Python's strings can hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INLINE = "a|abbr|b|bdi|code|del|em|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|u"
_BREAK_BETWEEN_INLINE_TAGS = re.compile(rf"(</(?:{_INLINE})>)\s*\n\s*(<(?:{_INLINE})[\s>])")
_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]|\\")


def clean(text: str) -> str:
    """`text` without the characters that XML, and so MJML, cannot hold."""
    return _NOT_XML.sub("", text)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The one Jinja environment. All is escaped but in the text part (*.txt.j2) and in CSS."""
    jinja = Environment(
        loader=PackageLoader("emails"),
        autoescape=_is_markup,  # noqa: S701 - by the kind of file
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.filters.update({**wording.FILTERS, **plaintext.FILTERS, **foot.FILTERS})
    return jinja


def _is_markup(name: str | None) -> bool:
    """Whether a template's values must be escaped: not in plain text, not in CSS."""
    return name is None or not name.endswith((".txt.j2", ".css.j2"))


def render_template(name: str, context: Mapping[str, Any]) -> str:
    """Render the template `name` of emails/templates; characters that XML cannot hold go."""
    return clean(environment().get_template(name).render(context))


def mjml_to_html(mjml: str) -> str:
    """HTML of a whole MJML document. CompositionError when mrml cannot parse it."""
    try:
        html: str = mjml2html(_as_mrml_wants(mjml), fonts={})
    except ValueError as error:
        raise CompositionError(
            f"the MJML does not parse ({error}): look for an unclosed tag or a bare & or < in a template"
        ) from error
    if not html.startswith(_MRML_DOCTYPE):
        raise CompositionError("mrml's output does not begin with its doctype: its version changed")
    return DOCTYPE + html.removeprefix(_MRML_DOCTYPE).replace(_SECTION_TABLE, _WIDE_TABLE)


def _as_mrml_wants(mjml: str) -> str:
    spaced = _BREAK_BETWEEN_INLINE_TAGS.sub(r"\1 \2", mjml)
    return _OUTSIDE_ASCII.sub(lambda match: f"&#{ord(match[0])};", spaced)
