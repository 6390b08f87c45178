"""A process of the measurement's own, spoken to in lines of JSON.

What is measured runs alone in its process, so that its memory and its processor time are its own.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import IO, Any, Self

from newsletter.bench.errors import HelperDied

STOP_SECONDS = 10.0

Words = dict[str, Any]


class Helper:
    """Runs `python -m MODULE`; it ends with the `with` block, or when our process ends."""

    def __init__(self, module: str, order: Mapping[str, Any]) -> None:
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.tell(order)

    def tell(self, words: Mapping[str, Any]) -> None:
        """Send a line. Raises HelperDied."""
        try:
            _pipe(self._process.stdin).write(json.dumps(words) + "\n")
            _pipe(self._process.stdin).flush()
        except BrokenPipeError as error:
            raise HelperDied(f"{self._module} ended; see its words above.") from error

    def hear(self) -> Words:
        """Wait for a line. Raises HelperDied, with the helper's own words where it had some."""
        line = _pipe(self._process.stdout).readline()
        words: Words = json.loads(line) if line else {}
        if not words or "error" in words:
            raise HelperDied(words.get("error") or f"{self._module} ended; see its words above.")
        return words

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


# -- the helper's side


def hear() -> Words:
    """The next line that we are told; an empty one when nobody is there any more."""
    line = sys.stdin.readline()
    words: Words = json.loads(line) if line else {}
    return words


def answer(words: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()
