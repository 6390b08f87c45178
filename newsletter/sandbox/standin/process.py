"""Starts the stand-in in a process of its own, and stops it."""

import json
import subprocess
import sys
from dataclasses import asdict
from typing import IO, Self

from newsletter.sandbox.standin.options import StandInOptions

STOP_SECONDS = 10.0


class StandInFailedError(RuntimeError):
    """The stand-in's process ended before it could serve."""


class StandIn:
    """A running stand-in.

    `url` is what to give as SendGrid's host, `public_key` verifies its webhook. It ends with
    `stop`, or by itself when this process ends, however it ends.
    """

    def __init__(self, process: subprocess.Popen[str], url: str, public_key: str) -> None:
        self._process = process
        self.url = url
        self.public_key = public_key

    @classmethod
    def start(cls, options: StandInOptions) -> Self:
        """Start and wait until it serves. Raises StandInFailedError."""
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter.sandbox.standin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for whoever started it, and reaches it as the end of its input.
            process_group=0,
        )
        values = {**asdict(options), "journal": str(options.journal)}
        _input(process).write(json.dumps(values) + "\n")
        _input(process).flush()
        assert process.stdout is not None
        line = process.stdout.readline()
        process.stdout.close()
        if not line:
            process.wait()
            raise StandInFailedError("The SendGrid stand-in did not start; see its words above.")
        return cls(process, **json.loads(line))

    def stop(self) -> None:
        """Let it end by itself; can be repeated."""
        if self._process.poll() is not None:
            return
        _input(self._process).close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _input(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin
