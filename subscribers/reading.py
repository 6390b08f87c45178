"""One pass over a file: every row checked, the fit ones sorted, the others laid out with reasons."""

import csv
import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from subscribers.csv_files import Batch, CsvFile, open_csv
from subscribers.fields import Unfit
from subscribers.rows import Defaults, RowReader
from subscribers.sorting import Row, SortedRows

BATCH = 250
"""Rows that are read at a time: few enough to stay in the processor's cache."""


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


def read_file(
    path: Path,
    columns: Mapping[str, str],
    defaults: Defaults,
    rows: SortedRows,
    *,
    rejected: Path | None,
) -> Reading:
    """Read a file into `rows`; what can't be stored goes to the file `rejected`.

    `columns`: header -> field, where the guess is wrong. Raises ImportFileError.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_csv(path, columns))
        rejects = _Rejects(rejected, file, stack)
        reader = RowReader(file.header, file.columns, defaults)
        count = 0
        stack.enter_context(_no_garbage_collection())
        for batch in file.batches(BATCH):
            count += len(batch.records)
            fit, unfit = reader.read(batch.records)
            rows.add(fit)
            rejects.write(batch, unfit)
    counts = {"rows": count, "rejected": rejects.count}
    return Reading(rows, reader.columns, reader.constants, reader.said, reader.leaves, counts)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Let nobody look for cycles while records without any come and go by the million."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Rejects:
    """The file of rejected rows, made when the first one comes."""

    def __init__(self, path: Path | None, file: CsvFile, stack: ExitStack) -> None:
        self.count = 0
        self._path, self._header, self._stack = path, file.header, stack
        self._writer: Any = None

    def write(self, batch: Batch, unfit: Unfit) -> None:
        self.count += len(unfit)
        if not unfit or self._path is None:
            return
        writer, lines = self._writer or self._begin(self._path), batch.lines()
        for number in sorted(unfit):
            writer.writerow((lines[number], unfit[number], *batch.records[number]))

    def _begin(self, path: Path) -> Any:
        opened = self._stack.enter_context(path.open("w", encoding="utf-8", newline=""))
        self._writer = csv.writer(opened)
        self._writer.writerow(("line", "reason", *self._header))
        return self._writer
