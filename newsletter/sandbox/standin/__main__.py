"""The stand-in's process: options as a line of JSON on its input, its address as one on its output.

It serves until its input is closed, so that it never outlives whoever started it.
"""

import asyncio
import json
import socket
import sys
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from newsletter.sandbox.standin.app import StandInApp
from newsletter.sandbox.standin.journal import Journal
from newsletter.sandbox.standin.options import Shares, StandInOptions

LOOPBACK = "127.0.0.1"


class CuttableProtocol(HttpToolsProtocol):
    """Shows the connection to the application, which may have to cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def serve(options: StandInOptions) -> None:
    with (
        socket.create_server((LOOPBACK, options.port), backlog=512) as listener,
        Journal(options.journal) as journal,
    ):
        app = StandInApp(options, journal=journal)
        server = uvicorn.Server(
            uvicorn.Config(
                app.asgi(),
                http=CuttableProtocol,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        address = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        sys.stdout.write(json.dumps({"url": address, "public_key": app.public_key}) + "\n")
        sys.stdout.flush()
        farewell = asyncio.create_task(_until_input_closes(server))
        await server.serve(sockets=[listener])
        farewell.cancel()


async def _until_input_closes(server: uvicorn.Server) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    server.should_exit = True


def read_options(line: str) -> StandInOptions:
    values = json.loads(line)
    shares = Shares(**values.pop("shares"))
    return StandInOptions(journal=Path(values.pop("journal")), shares=shares, **values)


if __name__ == "__main__":
    asyncio.run(serve(read_options(sys.stdin.readline())))
