"""What Postfix's smtp-source reaches with the same server: the yardstick for SMTP."""

import resource
import subprocess
import time
from typing import Any

from newsletter.bench.errors import BenchError
from newsletter.bench.receivers import find_tool

SESSIONS = "10"
MOST_MESSAGES = 20_000
MICROSECONDS = 1e6


def _cpu_of_children() -> float:
    """Seconds that processes which we started, and which have ended, have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Reference:
    """`smtp-source -s 10 -d` (ten connections, kept open), run before and after us.

    `octets` is the size of a message; half of a run's messages stand on either side of ours, so
    that what else the machine does meets both alike.
    """

    def __init__(self, address: str | None, octets: int, recipients: int) -> None:
        self._address = address
        self._octets = octets
        self._messages = min(recipients, MOST_MESSAGES)
        self._runs: list[float] = []
        self._cpu = 0.0

    def run(self) -> None:
        """Send once. Raises MissingTool, or BenchError where smtp-source fails."""
        if self._address is None:
            raise BenchError("smtp-source is a yardstick for --provider smtp only.")
        command = [find_tool("smtp-source"), "-s", SESSIONS, "-d", "-l", str(self._octets)]
        command += ["-m", str(self._messages), "-f", "desk@bench.example"]
        command += ["-t", "reader@example.com", self._address]
        begun, used = time.monotonic(), _cpu_of_children()
        if subprocess.run(command, check=False).returncode:  # noqa: S603 - no shell, no options from outside
            raise BenchError("smtp-source failed; see its words above.")
        self._runs.append(time.monotonic() - begun)
        self._cpu += _cpu_of_children() - used

    def figures(self, per_second: float) -> dict[str, Any]:
        """Its messages a second and processor time, and our share; empty where it did not run."""
        if not self._runs:
            return {}
        sent = self._messages * len(self._runs)
        reached = sent / sum(self._runs)
        return {
            "smtp_source_cpu_us_per_message": round(self._cpu / sent * MICROSECONDS, 1),
            "smtp_source_per_second": round(reached, 1),
            "smtp_source_ratio": round(per_second / reached, 3),
        }
