"""What commands print: words for people, one JSON object on the last line for machines."""

import datetime as dt
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from emails.composition import Severity
from emails.errors import IssueFileError, Problem

console = Console(highlight=False, soft_wrap=True)
"""Results. Widths and colours only on a terminal."""
aside = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress, warnings and errors."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]
PublicationSlug = Annotated[
    str | None,
    typer.Option("--publication", "-p", help="Slug, where there are several publications."),
]
WAYS_OUT: Mapping[type[OSError], str] = {
    FileNotFoundError: "there is no such file or folder. Name one that is there.",
    IsADirectoryError: "this is a folder. Name a file.",
    NotADirectoryError: "this leads through a file as if it were a folder. Name a folder's.",
    FileExistsError: "there is a file of that name already. Name another.",
    PermissionError: "you may not read or write here. Name another place, or get the right.",
}
OTHER_TIMES = frozenset({"since", "next_try"})
"""What is a time, though its name doesn't end in `_at`."""
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def emit(values: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own; times are ISO 8601, in UTC."""
    told = orjson.dumps(_with_times(values), default=str, option=orjson.OPT_UTC_Z)
    sys.stdout.write(told.decode() + "\n")
    sys.stdout.flush()


def _with_times(value: Any, name: str = "") -> Any:
    """`value`, with stored times (UTC seconds) written as the API writes them."""
    if isinstance(value, Mapping):
        return {key: _with_times(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_times(one) for one in value]
    if isinstance(value, float) and (name.endswith("_at") or name in OTHER_TIMES):
        return dt.datetime.fromtimestamp(value, dt.UTC)
    return value


def say(text: str) -> None:
    """Print a line for people, as it is."""
    console.print(text, markup=False)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; on no terminal, plain lines with tabs."""
    if not console.is_terminal:
        for row in (headings, *rows):  # not by the console, which makes blanks of tabs
            sys.stdout.write("\t".join("" if cell is None else str(cell) for cell in row) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console.print(table)


def show_errors(error: IssueFileError) -> None:
    """Print every problem of an edition file, a line each: file:line: field: message."""
    for problem in error.problems:
        line = f":{problem.line}" if problem.line else ""
        field = f" {problem.field}:" if problem.field else ""
        aside.print(f"{problem.file}{line}:{field} {problem.message}", markup=False)


def show_findings(severity: Severity, problems: Iterable[Problem]) -> None:
    """Print what a file's issue has that is wrong or odd: file:line: severity: field: message."""
    for one in problems:
        where = f"{one.file}:{one.line}: " if one.line else ""
        aside.print(f"{where}{severity}: {one.field}: {one.message}", markup=False)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 warning", "2 warnings"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def fail(error: Exception, *, as_json: bool) -> NoReturn:
    """Tell what went wrong and end with 1."""
    if isinstance(error, IssueFileError):
        show_errors(error)
        if as_json:
            emit({"errors": [asdict(problem) for problem in error.problems]})
    else:
        words = _words(error)
        aside.print(words, style="bold red" if aside.is_terminal else None, markup=False)
        if as_json:
            emit({"error": {"code": type(error).__name__, "message": words}})
    sys.exit(1)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {WAYS_OUT.get(type(error), error.strerror)}"
    return str(error)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere the answer must have come with --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        aside.print(f"{question} Say --yes to go on.", markup=False)
        sys.exit(1)
    typer.confirm(question, abort=True)
