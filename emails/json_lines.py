"""JSON -> Document: `json` reads the values, one pass over the tokens finds their lines."""

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, NoReturn

from emails.document import MAX_DEPTH, Document, Path, Unreadable

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]|[^\s\[\]{},:"]+')

# json's words -> what to do about it.
_CURES = {
    "Expecting property name": "a comma before } must go; names stand in double quotes",
    "Expecting ',' delimiter": 'a comma is missing, or a " within text lacks its backslash',
    "Invalid \\escape": "double the backslash in text: \\\\ell",
    "Invalid control character": "write a line break within text as \\n",
    "Extra data": "one object a file",
}


def read_json(source: str) -> Document:
    """The file's one JSON value. Remarks, rather than raises, whatever is wrong with it."""
    document = Document()
    try:
        document.value = _unbroken(
            json.loads(source, parse_float=str, parse_int=str, parse_constant=_refuse)
        )
        _Lines(source, document).find()
    except json.JSONDecodeError as error:
        cure = next((cure for words, cure in _CURES.items() if words in error.msg), "")
        message = f"isn't valid JSON ({error.msg}, column {error.colno})" + (cure and f": {cure}")
        document.remark((), error.lineno, message, "json_syntax")
        document.complete = False
    except RecursionError:
        document.remark((), None, f"is nested deeper than {MAX_DEPTH} levels", "too_deep")
        document.complete = False
    except Unreadable as error:
        document.remarks.append(error.remark)
        document.complete = False
    return document


def _refuse(constant: str) -> NoReturn:
    raise Unreadable((), None, f"holds {constant}, which is no JSON: write null", "json_syntax")


def _unbroken(value: Any) -> Any:
    """Line breaks inside text as YAML has them, without a carriage return."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    if isinstance(value, list):
        return [_unbroken(item) for item in value]
    if isinstance(value, dict):
        return {key: _unbroken(item) for key, item in value.items()}
    return value


@dataclass
class _Open:
    """An open bracket. `step` is where its next value goes; None where a key must come first."""

    path: Path
    keys: set[str] | None  # None: a list
    step: str | int | None


class _Lines:
    """Walks the tokens of a text that is known to be valid JSON."""

    def __init__(self, source: str, document: Document) -> None:
        self.source = source
        self.document = document
        self.breaks = [found.start() for found in re.finditer("\n", source)]
        self.opened: list[_Open] = []

    def find(self) -> None:
        for token in _TOKEN.finditer(self.source):
            self.take(token[0], bisect_right(self.breaks, token.start()) + 1)

    def take(self, word: str, line: int) -> None:
        inner = self.opened[-1] if self.opened else None
        if word in ("]", "}"):
            self.opened.pop()
        elif inner is not None and word == ",":
            inner.step = inner.step + 1 if isinstance(inner.step, int) else None
        elif inner is not None and inner.step is None:
            self.key(inner, str(json.loads(word)), line)
        else:
            path: Path = () if inner is None or inner.step is None else (*inner.path, inner.step)
            self.value(word, path, line)

    def key(self, inner: _Open, name: str, line: int) -> None:
        here = (*inner.path, name)
        assert inner.keys is not None
        if name in inner.keys:
            message = f"stands twice (first in line {self.document.lines[here]}): keep one"
            self.document.remark(here, line, message, "duplicate_key")
        inner.keys.add(name)
        inner.step = name
        self.document.lines.setdefault(here, line)

    def value(self, word: str, path: Path, line: int) -> None:
        self.document.lines.setdefault(path, line)
        if word not in ("[", "{"):
            return
        if len(path) > MAX_DEPTH:
            message = f"is nested deeper than {MAX_DEPTH} levels"
            raise Unreadable(path[:4], line, message, "too_deep")
        self.opened.append(_Open(path, None, 0) if word == "[" else _Open(path, set(), None))
