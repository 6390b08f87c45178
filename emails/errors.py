"""The errors of this wing.

EmailsError
├── IssueFileError    an edition file that can't be used: every problem in it, at once
├── CompositionError  an issue that can't be composed, or a template that doesn't render
├── HeaderError       a mail header that would inject another, or doesn't fit
└── SlotError         a slot without a value, or one that a composition doesn't have
"""

from collections.abc import Sequence
from dataclasses import dataclass


class EmailsError(Exception):
    """The root of every error that `emails` raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or odd, in an edition file.

    `line` counts from 1; `field` is a path such as `sections[2].items[0].url`
    ("" for the file as a whole); `code` is stable, for machines.
    """

    file: str
    line: int | None
    field: str
    message: str
    code: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (where, self.field, self.message) if part)


class IssueFileError(EmailsError):
    """An edition file can't be used; `problems` says all that has to be mended, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(*problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class CompositionError(EmailsError):
    """An issue can't be composed; the message says what stands in the way."""


class HeaderError(EmailsError, ValueError):
    """A value can't stand in its mail header: it would inject another, or doesn't fit a line."""


class SlotError(EmailsError, LookupError):
    """A slot was given no value, or a composition doesn't have it."""
