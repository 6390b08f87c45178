"""The site as a running server: by itself, or in a thread beside other work."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 5
"""How long requests under way may take when the server is told to stop."""


@contextmanager
def serving(
    make_app: Callable[[str], ASGIApp], *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """Serve in a thread while the block runs; yield the address, without a slash at its end.

    `make_app` is given that address: with port 0 the system chooses one that is free.
    """
    with socket.create_server((host, port)) as listening:
        address = f"http://{host}:{listening.getsockname()[1]}"
        server = uvicorn.Server(config(make_app(address)))
        thread = threading.Thread(target=server.run, args=([listening],), name="web", daemon=True)
        thread.start()
        try:
            # Connections made from now on wait in the socket's backlog until the loop runs.
            yield address
        finally:
            server.should_exit = True
            thread.join()


def config(app: ASGIApp) -> uvicorn.Config:
    """How the application is served, in a thread and by `newsletter serve` alike.

    Addresses of pages hold readers' tokens, so requests are not logged. uvicorn takes the
    reader's address from `X-Forwarded-For` of a proxy on this machine only.
    """
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
