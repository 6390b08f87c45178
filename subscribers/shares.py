"""One process's pass over a file: all of it parsed, its share of the records checked and sorted.

Where a record ends only the parser knows, since a field may hold line breaks: so each process
parses the whole file, which costs a quarter of what is done for a record, and they take turns at
its blocks. Whatever is wrong with the file as a whole, each of them meets.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from subscribers.csv_files import Batch, open_csv
from subscribers.errors import FileChanged
from subscribers.fields import Unfit
from subscribers.rows import Defaults, RowReader
from subscribers.sorting import Row, SortedRows

BATCH = 250
"""Rows that are read at a time: few enough to stay in the processor's cache."""
BLOCK = 40
"""Batches that a process checks before it is another's turn."""


class Version(NamedTuple):
    """What tells a file from another, and from itself once somebody has written to it."""

    device: int
    inode: int
    size: int
    written: int
    """In nanoseconds since 1970."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file; raise OSError where there is none."""
        found = path.stat()
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Task:
    """What to read, and how."""

    path: Path
    corrected: Mapping[str, str]
    """Header -> field, where the guess is wrong."""
    defaults: Defaults
    version: Version


@dataclass(frozen=True, slots=True)
class Share:
    """Every so manieth block of a file."""

    at: int = 0
    of: int = 1

    def has(self, batch: int) -> bool:
        """Whether it holds the file's batch of that number."""
        return batch // BLOCK % self.of == self.at


@dataclass(frozen=True, slots=True)
class Pass:
    """A file that was gone through."""

    header: Sequence[str]
    reader: RowReader
    count: int
    """Its records, all of them."""


def check(task: Task, share: Share, rows: SortedRows, rejects: SortedRows) -> Pass:
    """Go through a file; of a share, what is fit goes to `rows` and the others to `rejects`.

    Raises ImportFileError, also where the file is not what it was when the import began: of two
    processes, each would have read half of something else.
    """
    with open_csv(task.path, task.corrected) as file, _no_garbage_collection():
        reader = RowReader(file.header, file.columns, task.defaults)
        count = 0
        for number, batch in enumerate(file.batches(BATCH)):
            count += len(batch.records)
            if share.has(number):
                fit, unfit = reader.read(number, batch.records)
                rows.add(fit)
                if unfit:
                    rejects.add(_rejected(number, batch, unfit))
    require_unchanged(task)
    return Pass(file.header, reader, count)


def require_unchanged(task: Task) -> None:
    """Raise FileChanged where the file is not the one that the import began with."""
    try:
        unchanged = Version.of(task.path) == task.version
    except OSError:
        unchanged = False
    if not unchanged:
        raise FileChanged(
            f"{task.path.name} was changed while it was read. Nothing was imported: import it once "
            "more when it is whole."
        )


def _rejected(number: int, batch: Batch, unfit: Unfit) -> list[Row]:
    """Write rejected records as rows, in the file's order: line, reason and fields as JSON."""
    lines = batch.lines()
    return [
        f"{number:08x}{at:04x}\t"
        + orjson.dumps((lines[at], reason, *batch.records[at])).decode()
        for at, reason in unfit.items()
    ]  # fmt: skip


def rejected_records(rejects: SortedRows) -> Iterator[Sequence[str | int]]:
    """Read what `check` rejected: line, reason and fields."""
    for chunk in rejects.chunks(BATCH):
        for row in chunk:
            yield orjson.loads(row.partition("\t")[2])


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
