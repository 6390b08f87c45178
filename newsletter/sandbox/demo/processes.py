"""Processes that the demo starts, and that end with it, however it ends."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from newsletter.sandbox.demo.errors import ProcessEnded
from newsletter.sandbox.demo.folder import PREFIX
from newsletter.settings import CONFIG_FILE

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 10.0
LAST_WORDS = 2_000
"""Characters of a log that are shown when its process ended by itself."""


class Child:
    """A running `newsletter` command. Its words go to a log in the demo's folder."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    def start(cls, name: str, arguments: Sequence[str], folder: Path) -> Self:
        """Start `newsletter ARGUMENTS` with the folder's newsletter.toml."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        log = folder / f"{name}.log"
        with log.open("ab") as words:
            process = subprocess.Popen(  # noqa: S603 - a command of ours
                [sys.executable, "-m", "newsletter.sandbox.demo.bound", *arguments],
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=words,
                cwd=folder,
                env=clean | {f"{PREFIX}CONFIG": str(folder / CONFIG_FILE)},
                # Ctrl-C is for the demo, and reaches the others as the end of their input.
                process_group=0,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """`kill -9`: it gets no chance to hand back or store anything."""
        self._process.kill()
        self._process.wait()

    def require_running(self) -> None:
        """Raise ProcessEnded, with its last words, if it ended by itself."""
        code = self._process.poll()
        if code is not None:
            words = self.log.read_text("utf-8", errors="replace")[-LAST_WORDS:].strip()
            raise ProcessEnded(f"The demo's {self.name} ended by itself ({code}):\n{words}")

    def stop(self) -> None:
        """Let it end by itself; can be repeated."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def free_port() -> int:
    """A port of this machine that was free a moment ago."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
