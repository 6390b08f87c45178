"""YAML -> Document.

Only `null`, `true` and `false` (and a value that isn't there) are special; every other
scalar stays text, so Norwegian (`no`), 57.30 and 1:30 survive. Built from the parser's
events: one pass, no aliases that multiply, no objects from tags.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from emails.document import MAX_DEPTH, Document, Path, Unreadable

_SPECIAL = {"": None, "null": None, "true": True, "false": False}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml: 20 times quicker

# libyaml's words -> what to do about it.
_CURES = {
    "mapping values are not allowed": "a colon and a space cut the text: put all of it in quotes",
    "cannot start any token": "text can't begin with this sign: put all of it in quotes",
    "unknown escape character": (
        "in double quotes a backslash begins an escape: "
        "write the text below `key: |`, or put it in single quotes"
    ),
    "alphabetic or numeric": "text can't begin with * or &: put all of it in quotes",
    "did not find expected": (
        "text that holds quotes, or begins with [ or {, needs quotes around all of it "
        "(double ' within single quotes); or the indentation is uneven"
    ),
}

_NO_WORD = (
    "has a key that is no plain word: text that begins with { or [ needs quotes around all of it"
)


def read_yaml(source: str) -> Document:
    """The file's one YAML document. Remarks, rather than raises, whatever is wrong with it."""
    document = Document()
    try:
        document.value = _Reader(source, document).read()
    except Unreadable as error:
        document.remarks.append(error.remark)
        document.complete = False
    except yaml.YAMLError as error:
        document.remarks.append(_syntax(error, source).remark)
        document.complete = False
    return document


def _syntax(error: yaml.YAMLError, source: str) -> Unreadable:
    mark = getattr(error, "problem_mark", None)  # all but a reader's errors have one
    number = mark.line if mark else 0
    lines = source.split("\n")
    line = lines[number] if number < len(lines) else ""
    problem = getattr(error, "problem", None) or str(error)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        cure = "YAML is indented with spaces, and this line with a tab"
    else:
        cure = next(
            (cure for words, cure in _CURES.items() if words in problem), "see the line above"
        )
    return Unreadable((), number + 1, f"isn't valid YAML ({problem}): {cure}", "yaml_syntax")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _Reader:
    def __init__(self, source: str, document: Document) -> None:
        self.source = source
        self.document = document
        self.events: Iterator[Any] = yaml.parse(source, Loader=_LOADER)

    def read(self) -> Any:
        value: Any = None
        documents = 0
        for event in self.events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                message = "begins a second document: one a file"
                raise Unreadable((), _line(event), message, "yaml_syntax")
            if isinstance(event, yaml.NodeEvent):
                value = self.node(event, ())
        return value

    def node(self, event: Any, path: Path) -> Any:
        line = _line(event)
        self.document.lines.setdefault(path, line)
        if len(path) > MAX_DEPTH:
            raise Unreadable(
                path[:4], line, f"is nested deeper than {MAX_DEPTH} levels", "too_deep"
            )
        self.refuse_marks(event, path, line)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, path, line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.mapping(path) if isinstance(event, yaml.MappingStartEvent) else None

    def refuse_marks(self, event: Any, path: Path, line: int) -> None:
        """Aliases (bombs are made of them) and tags, both mostly unquoted text."""
        if event.anchor is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            message = f"begins with {sign}, an alias to YAML: put all of it in quotes"
            self.document.remark(path, line, message, "yaml_alias")
        elif event.tag is not None:
            message = "begins with !, a tag to YAML: put all of it in quotes"
            self.document.remark(path, line, message, "yaml_tag")

    def scalar(self, event: yaml.ScalarEvent, path: Path, line: int) -> str | bool | None:
        text = str(event.value)
        if event.style:  # quoted, or a block
            return text
        if text in _SPECIAL:
            return _SPECIAL[text]
        self.warn_of_cut(event, path, line)
        return text

    def warn_of_cut(self, event: yaml.ScalarEvent, path: Path, line: int) -> None:
        """`title: We're #1` ends before the #. Comments stand off by two spaces and hold one."""
        assert event.end_mark is not None
        start = event.end_mark.index
        rest = self.source[start : start + 3]
        if rest.startswith(" #") or (rest[:2].isspace() and rest[2:] == "#" and self.glued(start)):
            message = (
                "is cut at ` #`, where a comment begins: put all of the text in quotes "
                "(or write a comment as two spaces, #, a space)"
            )
            self.document.warn(path, line, message, "cut_text")

    def glued(self, start: int) -> bool:
        after = self.source[start + 3 : start + 4]
        return bool(after) and not after.isspace()

    def sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self.node(event, (*path, len(items))))
        return items

    def mapping(self, path: Path) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable(path, line, _NO_WORD, "yaml_syntax")
            key = str(event.value)
            here = (*path, key)
            if key in fields:
                first = self.document.lines[here]
                message = f"stands twice (first in line {first}): keep one"
                self.document.remark(here, line, message, "duplicate_key")
            self.document.lines.setdefault(here, line)
            value = self.node(next(self.events), here)
            fields.setdefault(key, value)
        return fields
