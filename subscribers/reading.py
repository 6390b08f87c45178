"""A file read as a whole: every row checked, the fit ones sorted, the others laid out with reasons."""

import csv
import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from subscribers.second_reader import FIRST, SecondReader
from subscribers.shares import Pass, Share, Task, check, rejected_records
from subscribers.sorting import Row, SortedRows

log = logging.getLogger(__name__)

LARGE = 8_000_000
"""Bytes of a file from which on a second process pays: some 100,000 rows, half a second's work."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that was read as a whole."""

    rows: SortedRows
    columns: Sequence[str]
    """Of the rows."""
    constants: Mapping[str, str]
    """What all other columns are, for every row."""
    said: Collection[tuple[str, str, str]]
    """The (state, suppress, tracking) that occur in it."""
    leaves: Callable[[Row], bool]
    """Whether a row says that its reader left."""
    counts: Mapping[str, int]
    """`rows`, all of them, and `rejected`."""


def read_file(task: Task, rows: SortedRows, *, rejected: Path | None) -> Reading:
    """Read a file into `rows`; what can't be stored goes to the file `rejected`.

    Raises ImportFileError.
    """
    with SortedRows() as rejects:
        done = _by_two(task, rows, rejects) or check(task, Share(), rows, rejects)
        if rejected and rejects.count:
            _write(rejected, done.header, rejects)
    reader, counts = done.reader, {"rows": done.count, "rejected": rejects.count}
    return Reading(rows, reader.columns, reader.constants, reader.said, reader.leaves, counts)


def _by_two(task: Task, rows: SortedRows, rejects: SortedRows) -> Pass | None:
    """Read a file by two processes; None where that doesn't pay, or can't be."""
    if task.path.stat().st_size < LARGE or processors() == 1:
        return None
    try:
        second = SecondReader(task, rows.another_file())
    except OSError as error:
        log.info("no second process to read by: %s", error)
        return None
    with second:
        done = check(task, FIRST, rows, rejects)
        done.reader.said |= second.hand_over(rows, rejects)
    return done


def processors() -> int:
    """Count the processors that this process may use; one where the system doesn't tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _write(path: Path, header: Sequence[str], rejects: SortedRows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "reason", *header))
        writer.writerows(rejected_records(rejects))
