"""What converted LaTeX is made of, and how it is written."""

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from emails.tex import symbols

NBSP = "\xa0"
MAX_DEPTH = 16
MAX_FORMULA = 2000
"""Characters; what is longer between two dollars is no inline formula."""


@dataclass(frozen=True)
class Node:
    """A run of text in a style ("", "i", "b", "code"), or a script ("sub", "sup") of nodes."""

    style: str
    text: str = ""
    body: tuple["Node", ...] = ()
    role: str = ""  # "relation", "operator", "function": what space it wants around it


def to_html(nodes: Iterable[Node]) -> str:
    pieces = []
    for node in nodes:
        inner = to_html(node.body) if node.style in {"sub", "sup"} else html.escape(node.text)
        pieces.append(f"<{node.style}>{inner}</{node.style}>" if node.style else inner)
    return re.sub(r"</([ib])><\1>", "", "".join(pieces))


def to_text(nodes: Iterable[Node]) -> str:
    return "".join(_script(n) if n.style in {"sub", "sup"} else n.text for n in nodes)


def _script(node: Node) -> str:
    inner = to_text(node.body)
    table, sign = (symbols.SUPERSCRIPTS, "^") if node.style == "sup" else (symbols.SUBSCRIPTS, "_")
    if all(ord(letter) in table for letter in inner):
        return inner.translate(table)
    return sign + (inner if re.fullmatch(r"\w+|\W", inner) else f"({inner})")


def group_at(text: str, start: int) -> tuple[str | None, int]:
    """What stands in the braces that open at `start`, and where they end."""
    if text[start : start + 1] != "{":
        return None, start
    depth = 0
    for brace in re.compile(r"(?<!\\)[{}]").finditer(text, start, start + MAX_FORMULA):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start + 1 : brace.start()], brace.end()
    return None, start


def styled(node: Node, style: str) -> Node:
    if node.style in {"sub", "sup"}:
        return replace(node, body=tuple(styled(inner, style) for inner in node.body))
    return replace(node, style=node.style or style)


def composed(letter: str, mark: str) -> str:
    return unicodedata.normalize("NFC", letter + mark)
