"""What a process has used: memory from proc(5), time from its clocks."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

STATUS = Path("/proc/self/status")
KIB_A_MIB = 1024


def resident_mb() -> float:
    """Memory in use by this process now, in MiB."""
    return _status_mib("VmRSS")


def peak_mb() -> float:
    """The most memory that this process has had in use, in MiB.

    Not `getrusage`: its figure survives `exec`, so that a child starts with its parent's.
    """
    return _status_mib("VmHWM")


def _status_mib(name: str) -> float:
    """A line such as `VmRSS:   12345 kB`."""
    for line in STATUS.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / KIB_A_MIB
    raise AssertionError(f"proc(5) promises {name}")


@dataclass(frozen=True)
class Moment:
    """A reading of both clocks, in seconds.

    `wall` is monotonic and the same for all processes of a machine; `cpu` is what this process
    has used with all its threads, in user and in system.
    """

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Self:
        return cls(time.monotonic(), time.process_time())
