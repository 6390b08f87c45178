"""The least that can stand in SendGrid's place: it reads a request, answers 202 and counts.

The full stand-in (newsletter/sandbox) checks and keeps every mail, which takes longer than sending
it: measured against it we would measure it. Runs in a process of its own; says its address, then
its tally when told to.
"""

import asyncio
import re
import sys
from asyncio import StreamReader, StreamReaderProtocol
from typing import cast

from newsletter.bench.helper import answer, hear
from newsletter.providers.smtp import new_event_loop

LOOPBACK = "127.0.0.1"
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: bench\r\nContent-Length: 0\r\n\r\n"
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CLOSE = re.compile(rb"(?i)\r\nconnection: *close")
_DELIVERY = re.compile(rb'"nl_delivery": ?"\d+-(\d+)"')


class Counter:
    """Who was written to, by the subscriber's number in the custom arguments."""

    def __init__(self) -> None:
        self._messages = 0
        self._readers: set[int] = set()

    def count(self, body: bytes) -> None:
        found = _DELIVERY.findall(body)
        self._messages += len(found)
        self._readers.update(map(int, found))

    def tally(self) -> dict[str, int]:
        return {"messages": self._messages, "readers": len(self._readers)}


class Connection(asyncio.Protocol):
    """One client: requests with a Content-Length, one after the other."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._chunks: list[bytes] = []
        self._missing: int | None = None
        self._closes = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        if self._missing is None:
            data = b"".join((*self._chunks, data))
            self._chunks.clear()
            self._missing = self._read_head(data)
        if self._missing is not None:
            self._missing -= len(data)
        self._chunks.append(data)
        if self._missing is not None and self._missing <= 0:
            self._answer()

    def _read_head(self, data: bytes) -> int | None:
        """How long the request is, head and body; None while the head is not whole."""
        end = data.find(_HEAD_END)
        if end < 0:
            return None
        length = _LENGTH.search(data, 0, end)
        self._closes = _CLOSE.search(data, 0, end) is not None
        return end + len(_HEAD_END) + (int(length[1]) if length else 0)

    def _answer(self) -> None:
        self._transport.write(ACCEPTED)
        if self._closes:
            self._transport.close()
        self._counter.count(b"".join(self._chunks))
        self._chunks.clear()
        self._missing = None


async def serve() -> None:
    """Serve until our input is closed; each line on it asks for the tally."""
    counter = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(counter), LOOPBACK, 0)
    answer({"url": f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"})
    questions = StreamReader()
    await loop.connect_read_pipe(lambda: StreamReaderProtocol(questions), sys.stdin)
    while await questions.readline():
        answer(counter.tally())
    server.close()


if __name__ == "__main__":
    hear()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve())
