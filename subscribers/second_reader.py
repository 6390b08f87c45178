"""A second process that reads its share of a large file, on a processor of its own.

It starts without the database, and ends with the first one, whatever ends that. What it has
checked and sorted lies in a file without a name that both have open.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Self

from subscribers.errors import HalfRead, ImportFileError
from subscribers.fields import Standing
from subscribers.rows import Defaults
from subscribers.shares import Share, Task, Version, check, require_unchanged
from subscribers.sorting import SortedRows

FIRST, SECOND = Share(0, 2), Share(1, 2)


class SecondReader:
    """Reads the SECOND share of a file into `file`; ends with the `with` block.

    Raises OSError where no process can be started.
    """

    def __init__(self, task: Task, file: IO[bytes]) -> None:
        self._task, self._file = task, file
        order = {
            "path": str(task.path),
            "corrected": dict(task.corrected),
            "defaults": asdict(task.defaults),
            "version": task.version,
            "file": file.fileno(),
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", __name__, json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[file.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            process_group=0,  # it is we who answer Ctrl-C
        )

    def hand_over(self, rows: SortedRows, rejects: SortedRows) -> set[tuple[str, str, str]]:
        """Wait for its share, and add it to ours; return what its rows said (`RowReader.said`).

        Raises HalfRead, or FileChanged where that is why.
        """
        answer = _pipe(self._process.stdout).read()
        if status := self._process.wait():
            require_unchanged(self._task)
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            raise HalfRead(
                f"{self._task.path.name}: the process that read half of it ended before its time ({how}; "
                "the system may have been short of memory or disk). Nothing was imported; try again."
            )
        told: dict[str, Any] = json.loads(answer)
        rows.take_over(self._file, *told["rows"])
        rejects.take_over(self._file, *told["rejects"])
        return {(state, suppress, tracking) for state, suppress, tracking in told["said"]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()
        self._process.kill()  # it has ended by now, or nobody wants its share any more
        self._process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


# -- the second process's side


def _read_share(
    path: str,
    corrected: dict[str, str],
    defaults: dict[str, Any],
    version: Sequence[int],
    file: int,
) -> None:
    """Read our share, lay it aside in the open file of that number, and tell where."""
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    otherwise = Defaults(**{**defaults, "standing": Standing(*defaults["standing"])})
    task = Task(Path(path), corrected, otherwise, Version(*version))
    with open(file, "w+b") as laid:
        rows, rejects = SortedRows(laid), SortedRows(laid)
        done = check(task, SECOND, rows, rejects)
        told = {
            "rows": (rows.laid_aside(), rows.count),
            "rejects": (rejects.laid_aside(), rejects.count),
            "said": list(done.reader.said),
        }
    sys.stdout.write(json.dumps(told))


def _end_with_the_first() -> None:
    """Wait until nobody holds the other end of our standard input: the first process is gone."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    try:
        _read_share(**json.loads(sys.argv[1]))
    except ImportFileError:  # the first one meets the same, and tells it
        sys.exit(1)
    except OSError as error:  # no space is left, most likely
        sys.exit(str(error))
