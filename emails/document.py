"""A file as plain values, with the line of each and what was odd on the way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 32
"""Nesting deeper than this is refused; an issue needs eight levels."""

Path = tuple[str | int, ...]
"""Where a value stands: ("sections", 2, "items", 0, "url")."""


@dataclass(frozen=True)
class Remark:
    """Something that reading found; a `fatal` one makes the file unusable."""

    line: int | None
    path: Path
    message: str
    code: str
    fatal: bool = True


@dataclass
class Document:
    """What a file says: mappings, lists, text, True, False and None.

    Numbers are still text, so that 57.30 and 1:30 stay as written until a schema gives
    them a type. `complete` is False where the syntax broke and `value` holds nothing.
    """

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    complete: bool = True

    def line(self, path: Path) -> int | None:
        """The line, from 1, of the value at `path`, or of the nearest that it stands in."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def remark(self, path: Path, line: int | None, message: str, code: str) -> None:
        self.remarks.append(Remark(line, path, message, code))

    def warn(self, path: Path, line: int | None, message: str, code: str) -> None:
        self.remarks.append(Remark(line, path, message, code, fatal=False))


class Unreadable(Exception):
    """Ends the reading of a file whose syntax is broken."""

    def __init__(self, path: Path, line: int | None, message: str, code: str) -> None:
        super().__init__(message)
        self.remark = Remark(line, path, message, code)


# What no text of an issue may hold: controls but line break and tab, halves of a surrogate
# pair, and the two noncharacters that XML forbids.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# What is left of \times, \text, \tau, \nabla, \neq, \nu … once a double-quoted \t or \n has
# been read as a tab or a line break.
_SWALLOWED_TAB = re.compile(r"\t(?=imes|ext|au\b|heta|ilde|op\b|an\b|anh|riangle|frac)")
_SWALLOWED_BREAK = re.compile(r"\n(?=abla|eq\b|u\b|otin\b|ewline\b|earrow)")
_CURE = "write the text below `{key}: |` instead of in double quotes, or double its backslashes"


def printable(text: str) -> str:
    """Text of a file as a message may show it: no control reaches a terminal."""
    return _FORBIDDEN.sub("\ufffd", text)


def inspect_texts(document: Document) -> None:
    """Remark on control characters and what else a slip of quoting leaves in texts and keys."""
    for path, text in each_text(document.value):
        cure = _CURE.format(key=next((p for p in reversed(path) if isinstance(p, str)), "text"))
        line = document.line(path)
        if found := _FORBIDDEN.search(text) or _SWALLOWED_TAB.search(text):
            message = f"holds the control character U+{ord(found[0]):04X}, as `\\` in double quotes makes it: {cure}"
            document.remark(path, line, message, "control_character")
        elif _SWALLOWED_BREAK.search(text):
            message = f"has a line break where LaTeX (\\nabla, \\neq, …) may have stood: {cure}"
            document.warn(path, line, message, "swallowed_latex")
        elif "\t" in text:
            document.warn(path, line, "holds a tab, which shows as a space", "tab")


def each_text(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text and every key within `value`, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from each_text(item, (*path, place))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from each_text(item, (*path, key))


def forbidden_in_source(source: str) -> Iterator[Remark]:
    """A remark for each line of a file that holds what no text may hold."""
    for number, line in enumerate(source.split("\n"), start=1):
        if found := _FORBIDDEN.search(line):
            yield Remark(
                number,
                (),
                f"holds the control character U+{ord(found[0]):04X} at column {found.start() + 1}: "
                "take it out",
                "control_character",
            )
