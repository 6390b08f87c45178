"""People who sign up: some connections at once, each with one form after the other.

A client of the plainest kind, in a process of its own, so that it takes little of the machine that
the site is measured on.
"""

import asyncio
import statistics
import time
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from newsletter.bench.helper import answer, hear

OK = b"HTTP/1.1 200 "
LENGTH = b"content-length:"
PERCENTILES = 100


@dataclass
class Crowd:
    """Who has signed up, and how long each waited."""

    host: str
    port: int
    seconds: float
    connections: int
    waits: list[float] = field(default_factory=list)
    refused: int = 0

    async def sign_up(self) -> float:
        """Let everybody sign up until the time is over; return the seconds that it took."""
        numbers = count()
        begun = time.monotonic()
        end = begun + self.seconds
        await asyncio.gather(*(self._one(numbers, end) for _ in range(self.connections)))
        return time.monotonic() - begun

    async def _one(self, numbers: "count[int]", end: float) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        while time.monotonic() < end:
            begun = time.monotonic()
            if await _post(reader, writer, next(numbers)):
                self.waits.append(time.monotonic() - begun)
            else:
                self.refused += 1
        writer.close()
        await writer.wait_closed()


async def _post(reader: StreamReader, writer: StreamWriter, number: int) -> bool:
    """Send one form and read the answer; tell whether it was taken."""
    body = f"email=reader.{number}%40d{number // 100}.example.org&topics_shown=true&topics=labs"
    head = (
        "POST /subscribe HTTP/1.1\r\nHost: bench.example\r\n"
        f"X-Forwarded-For: {_network(number)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write((head + body).encode())
    status = await reader.readline()
    length = 0
    while (line := await reader.readline()).strip():
        if line.lower().startswith(LENGTH):
            length = int(line[len(LENGTH) :])
    await reader.readexactly(length)
    return status.startswith(OK)


def _network(number: int) -> str:
    """A network of one's own: the caps count /24."""
    return f"{11 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}.1"


def work(order: dict[str, Any]) -> dict[str, Any]:
    crowd = Crowd(**order)
    seconds = asyncio.run(crowd.sign_up())
    if crowd.refused or not crowd.waits:
        return {"error": f"{crowd.refused} forms were not taken."}
    steps = statistics.quantiles([*crowd.waits, *crowd.waits[:1]], n=PERCENTILES)  # of one, too
    return {
        "signups": len(crowd.waits),
        "seconds": round(seconds, 3),
        "connections": crowd.connections,
        "median_ms": round(steps[49] * 1000, 1),
        "p95_ms": round(steps[94] * 1000, 1),
        "p99_ms": round(steps[98] * 1000, 1),
    }


if __name__ == "__main__":
    answer(work(hear()))
