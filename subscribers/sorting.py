"""A file's rows in the order of their address keys, however many there are.

The readers of a file in no order touch every page of an index a thousand times; sorted first,
each page is written once. Rows are sorted by the run, laid aside on disk and merged by blocks:
Python's sort finds the runs by itself and takes their rows over many at a time, so that a row
costs a third of a heap's. A row is one line of text, since a million tuples would take four
times the memory and thrice the time.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from types import TracebackType
from typing import IO, Self

RUN = 60_000
"""Rows sorted in memory, some 15 MB."""
BLOCK = 500
"""Rows of a run that are read back at a time."""

Row = str
"""A line of fields with TAB between them: the key, what tells rows of the same key apart (and
orders them), then the others. TAB sorts before all that a key can hold."""

Run = Sequence[tuple[int, int]]
"""Where the blocks of a sorted run lie in its file, and their bytes."""


def key_of(row: Row) -> str:
    """Return a row's first field."""
    return row[: row.index("\t")]


class SortedRows:
    """Takes rows in any order and gives them back sorted.

    They lie in `file`, or in one that has no name in any folder and is gone when it is closed.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self.count = 0
        self._gathered: list[Row] = []
        self._runs: list[tuple[IO[bytes], Run]] = []
        self._open = ExitStack()
        self._file = file or self.another_file()

    def another_file(self) -> IO[bytes]:
        """Make a file for another process to lay rows aside in; it is closed with ours."""
        # Not in memory, nor beside the reader's file, which may lie where nobody may write.
        return self._open.enter_context(tempfile.TemporaryFile())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self.count += len(rows)
        self._gathered += rows
        if len(self._gathered) >= RUN:
            self._lay_aside()

    def laid_aside(self) -> Sequence[Run]:
        """Lay all rows aside; return where, for another process to `take_over`."""
        self._lay_aside()
        self._file.flush()
        return [run for _, run in self._runs]

    def take_over(self, file: IO[bytes], runs: Iterable[Run], count: int) -> None:
        """Add the rows that another process laid aside, which stay in their file until the end."""
        self._runs += [(file, run) for run in runs]
        self.count += count

    def _lay_aside(self) -> None:
        rows, self._gathered = sorted(self._gathered), []
        blocks: list[tuple[int, int]] = []
        offset = self._file.seek(0, 2)
        for begin in range(0, len(rows), BLOCK):
            block = rows[begin : begin + BLOCK]
            text = "\n".join(block)
            assert text.count("\n") == len(block) - 1, "a row is one line"
            size = self._file.write(text.encode())
            blocks.append((offset, size))
            offset += size
        self._runs.append((self._file, blocks))

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """Yield all rows in order, `size` at a time, or more where equal keys stay together."""
        chunk: list[Row] = []
        for rows in self._merged():
            chunk += rows
            while len(chunk) > size and (end := _end_of_key(chunk, size)) < len(chunk):
                yield chunk[:end]
                del chunk[:end]
        if chunk:
            yield chunk

    def _merged(self) -> Iterator[list[Row]]:
        """Yield some rows after some.

        The least of the runs' last rows at hand bounds what can be given out: whatever comes
        later in any run is beyond it.
        """
        self._lay_aside()
        runs = [_RunAtHand(file, run) for file, run in self._runs]
        while runs := [run for run in runs if run.rows]:
            bound = min(run.rows[-1] for run in runs)
            taken = [run.take(bound) for run in runs]
            yield sorted(chain.from_iterable(taken))


def _end_of_key(rows: list[Row], size: int) -> int:
    """Find the end of the rows that share the key of the one that ends at `size`."""
    key = key_of(rows[size - 1])
    end = size
    while end < len(rows) and key_of(rows[end]) == key:
        end += 1
    return end


class _RunAtHand:
    """A sorted run on disk, of which one block is at hand."""

    def __init__(self, file: IO[bytes], blocks: Run) -> None:
        self._file, self._blocks = file, iter(blocks)
        self.rows: list[Row] = self._next_block()

    def _next_block(self) -> list[Row]:
        offset, size = next(self._blocks, (0, 0))
        if not size:
            return []
        self._file.seek(offset)
        return self._file.read(size).decode().split("\n")

    def take(self, bound: Row) -> list[Row]:
        """Take all rows up to one that is the last at hand of a run, which may be this one."""
        end = bisect_right(self.rows, bound)
        taken = self.rows[:end]
        del self.rows[:end]
        if not self.rows:
            self.rows = self._next_block()
        return taken
