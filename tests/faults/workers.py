"""Worker processes without the seconds that Python takes to import what they are made of.

A server process has imported everything once and forks them. Each is a process of its own that
reads its settings, opens its database and provider, and dies by SIGKILL as any other does.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "newsletter.cli.app",
        "newsletter.providers.smtp",
        "newsletter.providers.sendgrid",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite.pysqlite",
        "uvloop",
    ]
)


@dataclass(frozen=True)
class WorkerProcess:
    """What was started as `newsletter worker --queues dispatch`."""

    process: BaseProcess

    @classmethod
    def start(cls, environment: Mapping[str, str], *, log: Path) -> "WorkerProcess":
        """Start one whose words go to `log`."""
        process = FORKS.Process(target=_work, args=(dict(environment), log), daemon=True)
        process.start()
        return cls(process)

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended; one that is stopped runs."""
        return self.process.is_alive()

    @property
    def is_stopped(self) -> bool:
        """Whether SIGSTOP has reached every thread: one in a system call finishes that first."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return all(thread.read_text().rpartition(")")[2].split()[0] == "T" for thread in threads)

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, which ends one that is stopped, too."""
        self.process.kill()
        self.process.join()

    def wait(self, *, seconds: float = 30.0) -> int:
        """Its exit code; minus the signal that ended it."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, "it has not ended"
        return self.process.exitcode


def _work(environment: dict[str, str], log: Path) -> None:
    from newsletter.cli.app import main

    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as words:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(words.fileno(), stream.fileno())
    sys.argv = ["newsletter", "worker", "--queues", "dispatch"]
    main()
