"""Serves the inbox from a thread, beside whatever else the process does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
FAREWELL_SECONDS = 1


@contextmanager
def serve_inbox(app: ASGIApp) -> Iterator[str]:
    """Yield the address at which `app` is served until the end of the block."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=FAREWELL_SECONDS,
            )
        )
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="inbox", daemon=True
        )
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
