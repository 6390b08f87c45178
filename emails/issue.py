"""The structured issue: what an edition says, before it looks like anything.

Frozen Pydantic models, read from a file by `emails.issue_files`. A dump by
`issue.model_dump(mode="json", by_alias=True, exclude_none=True)` reads back as the same issue.
"""

import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    ConfigDict,
    Field,
    PositiveInt,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from emails.amount import require_bounded
from emails.sections.base import KINDS, More, OfItsKind, Section
from emails.sections.benchmarks import (
    MISSING,
    Benchmarks,
    Cell,
    Column,
    Table,
    cell_number,
    format_cell,
    is_numeric,
)
from emails.sections.essay import Essay
from emails.sections.links import Link, Links
from emails.sections.papers import Focus, Paper, Papers
from emails.sections.parts import (
    Day,
    Headline,
    Language,
    Line,
    Markdown,
    Names,
    Part,
    Slug,
    Url,
    schema_of_private_keys,
)
from emails.sections.repositories import Repositories, Repository
from emails.sections.text import Text

__all__ = [
    "KINDS",
    "MISSING",
    "Benchmarks",
    "Cell",
    "Column",
    "Correction",
    "Essay",
    "Focus",
    "Issue",
    "Line",
    "Link",
    "Links",
    "Markdown",
    "More",
    "Paper",
    "Papers",
    "Part",
    "Repositories",
    "Repository",
    "Section",
    "Table",
    "Text",
    "Url",
    "cell_number",
    "format_cell",
    "is_numeric",
]

# Words that addresses under /archive/DATE/ and /editions/DATE/ use themselves.
RESERVED_SLUGS = frozenset({"email", "approve", "send", "pause", "resume", "cancel"})
_MAILBOX = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\".]+")


def _schema_one(value: int) -> int:
    if value != 1:
        raise PydanticCustomError("bad_schema", "must be 1, the only form of edition file so far")
    return value


def _address(value: str) -> str:
    bare = value[value.find("<") + 1 : -1] if value.endswith(">") else value
    if not _MAILBOX.fullmatch(bare):
        raise PydanticCustomError("bad_address", "must be an address: desk@example.org")
    return value


def _free_slug(value: str) -> str:
    if value in RESERVED_SLUGS:
        words = ", ".join(sorted(RESERVED_SLUGS))
        raise PydanticCustomError("reserved_slug", "must be none of {words}", {"words": words})
    return value


def _with_byline(schema: dict[str, Any]) -> None:
    schema_of_private_keys(schema)
    schema["properties"]["byline"] = schema["properties"]["authors"]


class Correction(Part):
    """What an earlier edition got wrong. `edition` is its date."""

    edition: Day
    text: Headline


class Issue(Part):
    """A whole issue. The composer's subject is `subject`, else `title`, else name and date."""

    model_config = ConfigDict(json_schema_extra=_with_byline)

    schema_version: Annotated[
        int, AfterValidator(_schema_one), WithJsonSchema({"const": 1}), Field(alias="schema")
    ] = 1
    publication: Slug | None = None
    date: Day
    slug: Annotated[Slug, AfterValidator(_free_slug)] | None = None
    number: PositiveInt | None = None
    title: Line | None = None
    subject: Line | None = None
    preheader: Line | None = None
    authors: Annotated[
        Names,
        Field(validation_alias=AliasChoices("authors", "byline"), serialization_alias="authors"),
    ] = ()
    language: Language = "en"
    reply_to: Annotated[Line, AfterValidator(_address)] | None = None
    corrections: tuple[Correction, ...] = ()
    sections: tuple[Annotated[Section, OfItsKind()], ...]

    @field_validator("sections")
    @classmethod
    def _check_ids(cls, sections: tuple[Section, ...]) -> tuple[Section, ...]:
        """Ids are anchors: one section each."""
        seen: set[str] = set()
        for place, section in enumerate(sections):
            if section.id in seen:
                raise PydanticCustomError(
                    "duplicate_id", "is the id of an earlier section too", {"at": [place, "id"]}
                )
            seen.update({section.id} if section.id else ())
        return sections

    @model_validator(mode="after")
    def _check_amount(self) -> Self:
        require_bounded(self)
        return self

    @property
    def name(self) -> str:
        """DATE, or DATE/SLUG for a second edition on one date."""
        return f"{self.date}/{self.slug}" if self.slug else f"{self.date}"

    def anchors(self) -> tuple[str, ...]:
        """One anchor a section, in order: its id, else its heading, else its kind, each once."""
        taken = dict.fromkeys((section.id for section in self.sections if section.id), 1)
        return tuple(
            section.id or _fresh(_slugged(section.heading or section.kind), taken)
            for section in self.sections
        )


def _slugged(text: str) -> str:
    return "-".join(re.findall(r"[^\W_]+", text.lower())) or "section"


def _fresh(wanted: str, taken: dict[str, int]) -> str:
    """`wanted`, or with the first free number; `taken` remembers where to look on."""
    anchor = wanted
    while anchor in taken:
        taken[wanted] += 1
        anchor = f"{wanted}-{taken[wanted]}"
    taken[anchor] = 1
    return anchor
