"""A file's rows in the order of their address keys, however many there are.

The readers of a file in no order touch every page of an index a thousand times; sorted first,
each page is written once. Rows are sorted by the run, laid aside on disk and merged by blocks:
Python's sort finds the runs by itself and takes their rows over many at a time, so that a row
costs a third of a heap's.
"""

import marshal
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from types import TracebackType
from typing import IO, Any, Self

from subscribers.rows import Row

RUN = 60_000
"""Rows sorted in memory, some 30 MB."""
BLOCK = 500
"""Rows of a run that are read back at a time."""

_Place = tuple[int, int]
"""Where a block lies in the file, and its bytes."""
_key: Callable[[Row], Any] = itemgetter(0)


class SortedRows:
    """Takes rows in any order, gives them back by their first value, equal ones as they came.

    The file has no name in any folder, and is gone when it is closed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._gathered: list[Row] = []
        self._runs: list[list[_Place]] = []
        # Not in memory, nor beside the reader's file, which may lie where nobody may write.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows of strings, numbers and None."""
        self.count += len(rows)
        self._gathered += rows
        if len(self._gathered) >= RUN:
            self._lay_aside()

    def _lay_aside(self) -> None:
        rows, self._gathered = sorted(self._gathered, key=_key), []
        self._file.seek(0, 2)
        blocks: list[_Place] = []
        for begin in range(0, len(rows), BLOCK):
            block = marshal.dumps(rows[begin : begin + BLOCK])
            blocks.append((self._file.tell(), len(block)))
            self._file.write(block)
        self._runs.append(blocks)

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """Yield all rows in order, `size` at a time, or more where equal keys stay together."""
        chunk: list[Row] = []
        for rows in self._merged():
            chunk += rows
            while len(chunk) > size:
                end = bisect_right(chunk, _key(chunk[size - 1]), key=_key)
                yield chunk[:end]
                del chunk[:end]
        if chunk:
            yield chunk

    def _merged(self) -> Iterator[list[Row]]:
        """Yield some rows after some, each with all that have its key.

        The least of the runs' last keys at hand bounds what can be given out: whatever comes
        later in any run is beyond it.
        """
        self._lay_aside()
        runs = [_Run(self._file, blocks) for blocks in self._runs]
        while runs := [run for run in runs if run.rows]:
            bound = min(_key(run.rows[-1]) for run in runs)
            taken = [run.take(bound) for run in runs]
            yield sorted(chain.from_iterable(taken), key=_key)


class _Run:
    """A sorted run on disk, of which one block is at hand."""

    def __init__(self, file: IO[bytes], blocks: list[_Place]) -> None:
        self._file, self._blocks = file, iter(blocks)
        self.rows: list[Row] = self._next_block()

    def _next_block(self) -> list[Row]:
        offset, size = next(self._blocks, (0, 0))
        if not size:
            return []
        self._file.seek(offset)
        # Not marshal.load, which asks the file for a few bytes at a time.
        block: list[Row] = marshal.loads(self._file.read(size))  # noqa: S302 - written just now
        return block

    def take(self, bound: str) -> list[Row]:
        """Take all rows up to a key, those that have it among them."""
        taken: list[Row] = []
        while self.rows and _key(self.rows[-1]) <= bound:
            taken += self.rows
            self.rows = self._next_block()
        end = bisect_right(self.rows, bound, key=_key)
        taken += self.rows[:end]
        del self.rows[:end]
        return taken
