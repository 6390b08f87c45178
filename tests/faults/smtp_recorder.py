"""A small SMTP server in a process of its own: writes down every message before it says 250.

`python smtp_recorder.py RECORD` prints its port, then serves until its input is closed. A line of
the record is a Message-ID.
"""

import asyncio
import re
import sys
from pathlib import Path
from typing import BinaryIO

MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
END = b"\r\n.\r\n"
EHLO = b"250-recorder\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Recorder:
    """Takes everything; each message is on disk before its 250."""

    def __init__(self, record: BinaryIO) -> None:
        self._record = record

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 recorder\r\n")
        try:
            while line := await reader.readline():
                command = line.strip().upper()
                if command == b"DATA":
                    writer.write(b"354 go on\r\n")
                    await writer.drain()
                    self._write_down(await reader.readuntil(END))
                writer.write(EHLO if command.startswith(b"EHLO") else b"250 ok\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender was killed: what did not come whole is not recorded
        finally:
            writer.close()

    def _write_down(self, message: bytes) -> None:
        found = MESSAGE_ID.search(message)
        assert found is not None
        self._record.write(found[1] + b"\n")
        self._record.flush()


async def serve(record: Path) -> None:
    with record.open("ab") as file:
        server = await asyncio.start_server(Recorder(file).talk, "127.0.0.1", 0, limit=1 << 20)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
