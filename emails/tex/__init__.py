r"""Inline LaTeX -> `<i>`, `<b>`, `<sub>`, `<sup>` and Unicode; no mail client shows more.

Only for fields that say they hold LaTeX. Formulas stand in `$…$`, `$$…$$`, `\(…\)` or
`\[…\]`; prices stay prices. What isn't known shows as its source in `<code>`, without
dollars, and is reported. There are no macros, so output grows with input and no further;
nesting is bounded; every formula is read once.
"""

from dataclasses import dataclass
from functools import lru_cache

from emails.tex.nodes import Node, to_html, to_text
from emails.tex.prose import read_prose

__all__ = ["Tex", "tex_to_html", "tex_to_text"]

MAX_TEXT = 50_000
"""Characters; what comes after stays as it is. An abstract has two thousand."""


@dataclass(frozen=True)
class Tex:
    """HTML, and the sources in it that were not understood."""

    html: str
    unknown: tuple[str, ...]


def tex_to_html(text: str) -> Tex:
    """Text that holds LaTeX as inline HTML, escaped."""
    nodes = _convert(text)
    unknown = tuple(dict.fromkeys(node.text for node in nodes if node.style == "code"))
    return Tex(to_html(nodes), unknown)


def tex_to_text(text: str) -> str:
    """Text that holds LaTeX as Unicode: 10²¹, S_eff(t), O(ℓ^(−β))."""
    return to_text(_convert(text))


@lru_cache(maxsize=256)  # a title and its abstract are asked for as HTML and as text
def _convert(text: str) -> tuple[Node, ...]:
    return (*read_prose(text[:MAX_TEXT]), Node("", text[MAX_TEXT:]))
