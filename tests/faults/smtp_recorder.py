"""A small SMTP server in a process of its own: writes down every message before it says 250.

`python smtp_recorder.py RECORD` prints its port, then serves until its input is closed. A line of
the record is a Message-ID. A line of input, `FAULT TIMES`, orders misbehaviour for the next
messages:

busy            450 to RCPT
cut-in-data     the connection ends while the body comes; not recorded
cut-after-dot   … after the final dot; recorded
lost-after-dot  … after the final dot; not recorded
hang            no answer to the final dot; recorded
"""

import asyncio
import re
import sys
from collections import deque
from pathlib import Path
from typing import BinaryIO

MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"
EHLO = b"250-recorder\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
BUSY = "busy"
CUT_IN_DATA = "cut-in-data"
NOT_RECORDED = frozenset({CUT_IN_DATA, "lost-after-dot"})
HANG = "hang"
PATIENCE_SECONDS = 2.0
"""How long the rest of a message may take to come. Servers wait minutes (RFC 5321 §4.5.3.2.5), and
whoever settles what is in doubt by their log waits longer; the tests are in more of a hurry."""


class Recorder:
    """Takes everything but what meets a fault; each message is on disk before its 250."""

    def __init__(self, record: BinaryIO) -> None:
        self._record = record
        self._due: deque[str] = deque()

    async def take_orders(self, orders: asyncio.StreamReader) -> None:
        """Until the input ends."""
        while line := await orders.readline():
            fault, times = line.decode().split()
            self._due.extend([fault] * int(times))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 recorder\r\n")
        try:
            while line := await reader.readline():
                if not await self._answer(line.strip().upper(), reader, writer):
                    return
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed: what did not come whole is not recorded
        finally:
            writer.close()

    async def _answer(
        self, command: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a command; False ends the connection."""
        if command.startswith(b"RCPT") and self._due and self._due[0] == BUSY:
            self._due.popleft()
            writer.write(b"450 4.2.1 busy\r\n")
        elif command == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            return await self._take_message(reader, writer)
        else:
            writer.write(EHLO if command.startswith(b"EHLO") else b"250 ok\r\n")
        return True

    async def _take_message(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        fault = self._due.popleft() if self._due and self._due[0] != BUSY else None
        if fault == CUT_IN_DATA:
            await reader.readline()
            return False
        try:
            message = await asyncio.wait_for(self._message(reader), PATIENCE_SECONDS)
        except TimeoutError:
            return False  # the sender has stopped in the middle: it is not taken
        if message and fault not in NOT_RECORDED:
            self._write_down(message)
        if fault == HANG:
            await reader.read()  # until the sender gives up
        if fault is not None:
            return False
        writer.write(b"250 ok\r\n")
        return True

    async def _message(self, reader: asyncio.StreamReader) -> bytes:
        """The message; empty for a lone dot, which ends a DATA that had no recipient."""
        first = await reader.readline()
        return b"" if first == b".\r\n" else first + await reader.readuntil(END)

    def _write_down(self, message: bytes) -> None:
        found = MESSAGE_ID.search(message)
        assert found is not None
        self._record.write(found[1] + b"\n")
        self._record.flush()


async def serve(record: Path) -> None:
    with record.open("ab") as file:
        recorder = Recorder(file)
        server = await asyncio.start_server(recorder.talk, "127.0.0.1", 0, limit=1 << 20)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        orders = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
        )
        await recorder.take_orders(orders)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
