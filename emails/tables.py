"""Benchmark tables made ready to show: ranks, even decimals, and what changed since last time."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emails.issue import Benchmarks, Issue, Table, format_cell, is_numeric


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head; figures stand flush right."""

    label: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Row:
    """`name` heads the row; `figures` are the other cells. `rank` is None in an unranked table.

    `moved` is how many ranks it rose (negative: fell) since the earlier table, None where there
    is nothing to compare; `new` says that it wasn't there.
    """

    rank: int | None
    name: str
    figures: tuple[str, ...]
    moved: int | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as readers see it.

    `unchanged_since` is the date of the first edition that carried it as it is now, cell for cell,
    with none between that differs.
    """

    table: Table
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    unchanged_since: dt.date | None = None

    @property
    def ranked(self) -> bool:
        return bool(self.rows) and self.rows[0].rank is not None


def view(table: Table, earlier: Sequence[Issue] = ()) -> TableView:
    """`table` beside the latest of `earlier` (in any order) that carried one with its key."""
    ranks = table.ranking()
    history = list(_earlier_tables(table.key, earlier))
    same = list(itertools.takewhile(lambda entry: entry[1].rows == table.rows, history))
    was = _ranks_by_name(history[0][1]) if history else {}
    return TableView(
        table=table,
        headings=tuple(
            Heading(column.label, is_numeric([row[at] for row in table.rows], column))
            for at, column in enumerate(table.columns)
        ),
        rows=tuple(
            _row(table, at, rank=ranks[at] if ranks else None, was=was)
            for at in range(len(table.rows))
        ),
        unchanged_since=same[-1][0] if same else None,
    )


def _row(table: Table, at: int, *, rank: int | None, was: dict[str, int]) -> Row:
    name, *figures = (
        format_cell(cell, column)
        for cell, column in zip(table.rows[at], table.columns, strict=True)
    )
    if rank is None or not was:
        return Row(rank, name, tuple(figures))
    before = was.get(name)
    moved = None if before is None else before - rank
    return Row(rank, name, tuple(figures), moved=moved, new=before is None)


def _earlier_tables(key: str, issues: Sequence[Issue]) -> Iterator[tuple[dt.date, Table]]:
    for issue in sorted(issues, key=lambda issue: issue.date, reverse=True):
        for section in issue.sections:
            if isinstance(section, Benchmarks):
                yield from ((issue.date, table) for table in section.tables if table.key == key)


def _ranks_by_name(table: Table) -> dict[str, int]:
    ranks = table.ranking() or ()
    column = table.columns[0]
    return {format_cell(row[0], column): rank for row, rank in zip(table.rows, ranks, strict=False)}
