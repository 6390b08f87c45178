"""The text alternative: wrapping and tables in at most 72 columns. Template filters."""

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from emails.languages import ENGLISH, Words
from emails.slots import SLOT_WORD
from emails.tables import TableView
from emails.wording import change

WIDTH = 72
_BLANKS = re.compile(r"[ \t\r\n]+")  # a no-break space breaks no line
_ADDRESS = re.compile(r"://|@|^www\.")
_SLOT = re.compile(f"({SLOT_WORD.pattern})")
_CODE = re.compile(r" {4,}(?![-*>] |\d+\. )\S")
_GUTTER = "  "
_MIN_NAME = 16


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes: wide characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(map(_character_columns, text))


def _character_columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, first: str = "", rest: str = "") -> str:
    """`text` in lines of at most 72 columns, begun with `first` and then `rest`.

    An address stays whole, so that it can be followed; any other word that is longer than a line
    goes on in the next one.
    """
    lines: list[str] = []
    line, room = first, WIDTH - columns(first)
    begun = False
    for word in _pieces(text, WIDTH - columns(rest)):
        wide = len(word) if word.isascii() else columns(word)
        if begun and wide >= room:
            lines.append(line)
            line, room, begun = rest, WIDTH - columns(rest), False
        line += f" {word}" if begun else word
        room -= wide + begun
        begun = True
    return "\n".join([*lines, line]) if begun else ""


def _pieces(text: str, width: int) -> Iterator[str]:
    """The words of `text`, those that are no address in pieces of at most `width` columns."""
    for word in filter(None, _BLANKS.split(text)):
        if len(word) * 2 <= width or _ADDRESS.search(word):
            yield word
        else:
            yield from _cut(word, width)


def _cut(word: str, width: int) -> Iterator[str]:
    start = at = taken = 0
    for unit in _units(word):
        wide = columns(unit)
        if taken + wide > width:
            yield word[start:at]
            start, taken = at, 0
        at += len(unit)
        taken += wide
    yield word[start:]


def _units(word: str) -> Iterator[str]:
    """What a cut may stand between: characters, and slot words, which are filled whole."""
    for piece in _SLOT.split(word):
        yield from [piece] if _SLOT.fullmatch(piece) else piece


def excerpt(text: str, length: int) -> str:
    """The beginning of `text` on one line, cut at a word, at most `length` characters.

    Languages without blanks between their words are cut at a character.
    """
    shortened = textwrap.shorten(text, length, placeholder="…")
    return f"{next(_cut(text.strip(), length - 1))}…" if shortened == "…" else shortened


def bulleted(text: str) -> str:
    return wrapped(text, "* ", "  ")


def indented(text: str) -> str:
    return wrapped(text, "  ", "  ")


def centred(text: str) -> str:
    return " " * ((WIDTH - columns(text)) // 2) + text


def quoted(text: str) -> str:
    """A block of text as somebody's words, each line marked with ">"."""
    marked = "\n".join(f"> {line}" if line else ">" for line in text.splitlines())
    return wrapped_block(marked)


def wrapped_block(text: str) -> str:
    """Every line of `text` wrapped by itself, under its own indent or list mark."""
    return "\n".join(_wrapped_line(line) for line in text.splitlines())


def _wrapped_line(line: str) -> str:
    if _CODE.match(line):
        return line
    mark = re.match(r"\s*((?:[-*>]|\d+\.)\s+)*", line)
    first = mark[0] if mark else ""
    rest = re.sub(r"[^\s>]", " ", first)
    return wrapped(line.removeprefix(first), first, rest) if line.strip() else ""


def aligned(view: TableView, words: Words = ENGLISH) -> str:
    """A table in at most 72 columns: figures flush right, names shortened where they must be.

    A table whose figures alone are wider becomes one block a row.
    """
    grid = [_head(view), *_rows(view, words)]
    widths = [max(columns(row[at]) for row in grid) for at in range(len(grid[0]))]
    name_at = 1 if view.ranked else 0
    spare = WIDTH - (sum(widths) - widths[name_at]) - len(_GUTTER) * (len(widths) - 1)
    if spare < min(_MIN_NAME, widths[name_at]):
        return _blocks(view)
    widths[name_at] = min(widths[name_at], spare)
    right = _flush_right(view)
    lines = [_line(row, widths, right) for row in grid]
    return "\n".join([lines[0], "-" * min(WIDTH, max(map(columns, lines))), *lines[1:]])


def _head(view: TableView) -> list[str]:
    return [*(["#"] if view.ranked else []), *(heading.label for heading in view.headings)]


def _rows(view: TableView, words: Words) -> list[list[str]]:
    return [
        [
            *([str(row.rank or "")] if view.ranked else []),
            f"{row.name} {change(row, words)}".rstrip(),
            *row.figures,
        ]
        for row in view.rows
    ]


def _flush_right(view: TableView) -> list[bool]:
    numeric = [False, *(heading.numeric for heading in view.headings[1:])]
    return [True, *numeric] if view.ranked else numeric


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = [
        _fitted(cell, width, flush_right=flush)
        for cell, width, flush in zip(row, widths, right, strict=True)
    ]
    return _GUTTER.join(cells).rstrip()


def _fitted(cell: str, width: int, *, flush_right: bool) -> str:
    while columns(cell) > width:
        cell = cell[:-2] + "…"
    padding = " " * (width - columns(cell))
    return padding + cell if flush_right else cell + padding


def _blocks(view: TableView) -> str:
    labels = [heading.label for heading in view.headings[1:]]
    return "\n".join(
        "\n".join(
            [
                wrapped(f"{row.rank}. {row.name}" if row.rank else row.name),
                *(
                    indented(f"{label}: {figure}")
                    for label, figure in zip(labels, row.figures, strict=True)
                ),
            ]
        )
        for row in view.rows
    )


FILTERS = {
    "aligned": aligned,
    "bulleted": bulleted,
    "centred": centred,
    "columns": columns,
    "indented": indented,
    "quoted": quoted,
    "wrapped": wrapped,
    "wrapped_block": wrapped_block,
}
