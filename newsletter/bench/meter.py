"""What a process has used: memory from proc(5), time from its clocks."""

import resource
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SELF = Path("/proc/self")
KIB_A_MIB = 1024
LOOK_SECONDS = 0.1


def resident_mb() -> float:
    """Memory in use by this process now, in MiB."""
    return _status_mib(SELF, "VmRSS")


def peak_mb() -> float:
    """The most memory that this process has had in use, in MiB.

    Not `getrusage`: its figure survives `exec`, so that a child starts with its parent's.
    """
    return _status_mib(SELF, "VmHWM")


class FamilyMemory:
    """Looks, during a `with` block, at what this process and its children have in use together."""

    def __init__(self) -> None:
        self._most = 0.0
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._most = max(self._most, resident_mb() + sum(_children_mb()))

    @property
    def peak_mb(self) -> float:
        """The most that was seen, in MiB; of this process by itself nothing is missed."""
        return max(self._most, peak_mb())


def _children_mb() -> Iterator[float]:
    """What each child has in use."""
    for thread in (SELF / "task").iterdir():
        for child in _told(thread / "children").split():
            yield _status_mib(Path("/proc") / child, "VmRSS")


def _status_mib(process: Path, name: str) -> float:
    """A line such as `VmRSS:   12345 kB`; who has ended has none, and no memory."""
    for line in _told(process / "status").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / KIB_A_MIB
    return 0.0


def _told(path: Path) -> str:
    """Read a file of proc(5); nothing where its process or thread has ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""


@dataclass(frozen=True)
class Moment:
    """A reading of both clocks, in seconds.

    `wall` is monotonic and the same for all processes of a machine; `cpu` is what this process
    and those children that have ended have used with all their threads, in user and in system.
    """

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Self:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cls(time.monotonic(), time.process_time() + ended.ru_utime + ended.ru_stime)
