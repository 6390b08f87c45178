"""Edition file -> Issue, with every error at once, each with its line, its field and its cure."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from emails.composition import Finding
from emails.document import (
    Document,
    Path,
    Remark,
    each_text,
    forbidden_in_source,
    inspect_texts,
    printable,
)
from emails.errors import IssueFileError, Problem
from emails.issue import KINDS, Issue, Part
from emails.json_lines import read_json
from emails.placeholders import findings_in
from emails.places import field_path
from emails.sections.parts import PRIVATE_PREFIX, SHAPES
from emails.yaml_lines import read_yaml

__all__ = ["IssueFile", "IssueFileError", "Problem", "issue_schema", "load_issue", "parse_issue"]

MAX_BYTES = 4 * 1024 * 1024
UNREADABLE = "unreadable"
"""The code of the problem that the file can't be opened."""
_LONGEST_SHOWN = 40
_EMPTY = "empty_section"
_SECTION = re.compile(r"\Asections\[(\d+)\]")


@dataclass(frozen=True)
class IssueFile:
    """What a file holds: the issue, without its empty sections, and what was odd about it.

    `name` is the file's; `lines` has the line of each field that it has, by the field's place in
    the file.
    """

    issue: Issue
    warnings: tuple[Problem, ...]
    name: str
    lines: Mapping[str, int]
    kept: tuple[int, ...]
    """The numbers in the file of the sections that the issue has."""

    def problem(self, finding: Finding) -> Problem:
        """A finding about the issue, as one about the file.

        Without file and line where the finding is of no field that stands there, such as
        "brand.postal_address", or a preheader that is missing.
        """
        field = _SECTION.sub(lambda found: f"sections[{self.kept[int(found[1])]}]", finding.field)
        line = next((self.lines[one] for one in _and_around(field) if one in self.lines), None)
        name = "" if line is None else self.name
        return Problem(name, line, field, finding.message, finding.code)


def load_issue(path: FilePath) -> IssueFile:
    """Read an edition file. Raises IssueFileError, also where the file can't be opened."""
    try:
        source = path.read_bytes()
    except OSError as error:
        message = f"can't be read: {error.strerror or error}"
        raise IssueFileError([Problem(str(path), None, "", message, UNREADABLE)]) from error
    return parse_issue(source, name=str(path))


def parse_issue(text: str | bytes, *, name: str) -> IssueFile:
    """Read an edition from YAML, or from JSON when it starts with "{".

    `name` stands for the file in messages. Raises IssueFileError with every problem.
    """
    document = _read(text)
    inspect_texts(document)
    issue = _validate(document) if document.complete else None
    problems = [_problem(remark, name) for remark in _in_order(document.remarks)]
    fatal = [problem for problem, is_fatal in problems if is_fatal]
    if fatal or issue is None:
        raise IssueFileError(fatal)
    return IssueFile(
        issue,
        tuple(problem for problem, _ in problems),
        name,
        {field_path(path): line for path, line in document.lines.items()},
        _kept_sections(document),
    )


def issue_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an edition file, for editors that check while one types."""
    schema = Issue.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _and_around(field: str) -> Iterator[str]:
    """A field, then what it stands in: sections[2].intro, sections[2], sections."""
    while field:
        yield field
        field = field[: max(field.rfind("."), field.rfind("["), 0)]


# --- Reading


def _read(source: str | bytes) -> Document:
    if len(source) > MAX_BYTES:
        return _broken(None, f"is larger than {MAX_BYTES // 1024**2} MB", "too_large")
    text = _decode(source) if isinstance(source, bytes) else source
    if isinstance(text, Document):
        return text
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if remarks := list(forbidden_in_source(text)):
        return Document(remarks=remarks, complete=False)
    return read_json(text) if text.lstrip().startswith("{") else read_yaml(text)


def _decode(source: bytes) -> str | Document:
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _broken(1, "is in UTF-16: save it as UTF-8", "encoding")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        message = f"isn't UTF-8 (byte 0x{source[error.start]:02x}): save it as UTF-8"
        return _broken(line, message, "encoding")


def _broken(line: int | None, message: str, code: str) -> Document:
    return Document(remarks=[Remark(line, (), message, code)], complete=False)


# --- Checking


def _validate(document: Document) -> Issue | None:
    """The issue, or None with the document's remarks saying why not."""
    if not isinstance(document.value, dict):
        what = "is empty" if document.value is None else "must hold fields with values (date: …)"
        document.remark((), 1, what, "not_an_issue")
        return None
    try:
        issue = Issue.model_validate(document.value)
    except ValidationError as error:
        told = {remark.path for remark in document.remarks if remark.fatal}
        for details in error.errors(include_url=False):
            path = _path(details)
            if path in told:
                continue
            document.remark(path, document.line(path), _message(details, path), details["type"])
        _remark_on_placeholders(document)
        return None
    return _without_empty_sections(issue, document)


def _without_empty_sections(issue: Issue, document: Document) -> Issue | None:
    """One missing feed must not stop the morning's edition; all of them missing must."""
    for place, section in enumerate(issue.sections):
        if section.is_empty():
            path: Path = ("sections", place)
            name = section.heading or section.kind
            message = f"({name}) is empty and left out: fill it, or take it out"
            document.warn(path, document.line(path), message, _EMPTY)
    filled = tuple(section for section in issue.sections if not section.is_empty())
    if not filled:
        document.remark(
            ("sections",), document.line(("sections",)), "hold nothing to send", "empty_issue"
        )
        return None
    return issue.model_copy(update={"sections": filled})


def _kept_sections(document: Document) -> tuple[int, ...]:
    empty = {remark.path for remark in document.remarks if remark.code == _EMPTY}
    return tuple(
        at for at in range(len(document.value["sections"])) if ("sections", at) not in empty
    )


def _remark_on_placeholders(document: Document) -> None:
    """What can't be filled in a file that has other errors, so that all are told at once."""
    told = {remark.path for remark in document.remarks if remark.fatal}
    for path, text in each_text(document.value):
        if path in told or any(str(step).startswith(PRIVATE_PREFIX) for step in path):
            continue
        for found in findings_in(text, path):
            if found.severity == "error":
                document.remark(path, document.line(path), found.message, found.code)


def _path(details: ErrorDetails) -> Path:
    """Where in the file: Pydantic's place without the kind that it puts after a section's."""
    place = details["loc"]
    if place[:1] == ("sections",):
        place = place[:2] + place[3:]
    elif place == ("schema_version",):
        place = ("schema",)
    if details["type"].startswith("union_tag"):
        place = (*place, "kind")
    return (*place, *details.get("ctx", {}).get("at", ()))


# --- Wording

_WORDS = {
    "missing": "is missing",
    "union_tag_not_found": "is missing: one of {kinds}",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number, digits only",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "string_too_short": "must say something",
    "string_too_long": "must be at most {max_length} characters long",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list: a line with “- ” for each",
    "model_type": "must be fields with values",
    "model_attributes_type": "must be fields with values",
    "too_short": "must have at least {min_length}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def _message(details: ErrorDetails, path: Path) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "unknown_key":
            return _unknown(str(path[-1]), _fields(details["loc"][:-1]), "field")
        case "union_tag_invalid":
            return _unknown(str(context["tag"]), sorted(KINDS), "kind")
        case "string_pattern_mismatch":
            words = f"must be {SHAPES[context['pattern']]}"
        case "too_short" if isinstance(details["input"], str):
            words = _WORDS["string_too_short"]
        case kind:
            words = _WORDS.get(kind, details["msg"].replace("Input should", "must"))
            words = words.format(**context, kinds=", ".join(sorted(KINDS)))
    return words + _found(details["input"])


def _found(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return ""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return f" (found {shown})" if len(shown) <= _LONGEST_SHOWN else ""


def _unknown(word: str, known: Iterable[str], noun: str) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{word} is no {noun}; {cure}"


def _fields(place: tuple[int | str, ...]) -> list[str]:
    """The fields that a part at Pydantic's `place` may have."""
    model: type[Part] = Issue
    if place[:1] == ("sections",) and len(place) > 2:  # noqa: PLR2004 - sections, number, kind
        model, place = KINDS[str(place[2])], place[3:]
    for step in place:
        if field := model.model_fields.get(str(step)):
            model = next(_parts(field.annotation), model)
    names = [field.alias or name for name, field in model.model_fields.items()]
    return [*names, "byline"] if model is Issue else names


def _parts(annotation: Any) -> Iterator[type[Part]]:
    """The models within a field's type, such as Link in tuple[Link, ...]."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def _in_order(remarks: list[Remark]) -> list[Remark]:
    return sorted(remarks, key=lambda remark: remark.line or 0)


def _problem(remark: Remark, name: str) -> tuple[Problem, bool]:
    field, message = printable(field_path(remark.path)), printable(remark.message)
    problem = Problem(name, remark.line, field, message, remark.code)
    return problem, remark.fatal
