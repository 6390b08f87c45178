"""How much an issue may hold: more than any edition needs, less than keeps a server busy.

Markdown, and the tools behind it, take time that grows with the square of some signs (an unclosed
bracket is looked up to the end of its paragraph). So their number is bounded, and with it the time:
what is within these limits composes in seconds on one core.
"""

from collections import Counter

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from emails.places import Place, texts

LONGEST_TEXT = 100_000
"""Characters of one text, some 16,000 words."""
MOST_BRACKETS = 2_000
"""In one text; a link has one."""
MOST_LINES = 5_000
"""Of one text."""
MOST_SIGNS = 30_000
"""Signs that mean something to Markdown, and pieces of text, in the whole issue."""
MOST_TEXT = 1_000_000
"""Characters of the whole issue."""

_SIGNS = "[]*_`~\"'<>!&|#\\$\n"
_ADDRESSES = ("http://", "https://", "mailto:")


def require_bounded(issue: BaseModel) -> None:
    """Raise a PydanticCustomError that names the text, or the section, which is too much."""
    characters: Counter[tuple[str | int, ...]] = Counter()
    signs: Counter[tuple[str | int, ...]] = Counter()
    for place, text in texts(issue):
        _require_one(place, text)
        section = tuple(place[:2])
        characters[section] += len(text)
        signs[section] += 1 if text.startswith(_ADDRESSES) else 1 + sum(map(text.count, _SIGNS))
    _require_all(characters, MOST_TEXT, "characters")
    _require_all(signs, MOST_SIGNS, "texts and signs of Markdown")


def _require_all(counts: Counter[tuple[str | int, ...]], limit: int, what: str) -> None:
    if counts.total() > limit:
        (largest, _), *_others = counts.most_common(1)
        raise _too_much(list(largest), f"{limit:,} {what} in all; here are most of them")


def _require_one(place: Place, text: str) -> None:
    found = (
        (len(text), LONGEST_TEXT, "characters in one text"),
        (text.count("["), MOST_BRACKETS, "opening brackets, so links, in one text"),
        (text.count("\n"), MOST_LINES, "lines in one text"),
    )
    for count, limit, what in found:
        if count > limit:
            raise _too_much(place, f"{limit:,} {what}, and this has {count:,}")


def _too_much(place: Place, limit: str) -> PydanticCustomError:
    return PydanticCustomError(
        "too_much", "is too much: an issue may have at most {limit}", {"limit": limit, "at": place}
    )
