"""`/healthz` and `/readyz` of a worker, which has no site: for whoever restarts it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.health import health_answer
from newsletter.migrate import why_not_ready
from newsletter.worker import Worker


@contextmanager
def health_of(worker: Worker, database: Database, address: str) -> Iterator[int]:
    """Answer at `HOST:PORT` in a thread; yields the port.

    Raises:
        ConfigurationError: that is no address, or not free.
    """
    try:
        host, _, port = address.rpartition(":")
        server = _Server((host or "127.0.0.1", int(port)), worker, database)
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"Can't answer at --health {address}: {error}. Name HOST:PORT, such as 127.0.0.1:8001."
        ) from error
    thread = Thread(target=server.serve_forever, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], worker: Worker, database: Database) -> None:
        super().__init__(address, _Answer)
        self.worker = worker
        self.database = database

    def state(self, path: str) -> tuple[str, str] | None:
        """What the worker should be, and why it is not (empty where it is); None: no such path."""
        if path == "/healthz":
            return "alive", self.worker.why_unwell()
        if path == "/readyz":
            return "ready", self.worker.why_not_working() or why_not_ready(self.database)
        return None


class _Answer(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "newsletter", ""

    def do_GET(self) -> None:
        state = self.server.state(self.path)
        if state is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        status, told = health_answer(*state)
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: it is asked every few seconds."""
