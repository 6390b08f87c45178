"""`newsletter run | serve | worker`: the processes that go on."""

import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Annotated

import typer

from newsletter.cli.desk import Desk, open_desk
from newsletter.cli.output import aside, say
from newsletter.errors import ConfigurationError
from newsletter.worker import Queue, Worker

Host = Annotated[str, typer.Option(help="Address to listen at.")]
Port = Annotated[
    int, typer.Option(min=0, max=65_535, help="Port to listen at; 0: any that is free.")
]


def register(app: typer.Typer) -> None:
    app.command()(run)
    app.command()(serve)
    app.command()(worker)


def run(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the site and the worker in one process."""
    with open_desk() as desk:
        background = Worker(desk.settings, desk.database)
        thread = threading.Thread(target=background.run, name="worker")
        thread.start()
        try:
            _serve(desk, host, port)
        finally:
            background.stop()
            thread.join()


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the site alone; workers run beside it."""
    with open_desk() as desk:
        _serve(desk, host, port)


def worker(
    queues: Annotated[str, typer.Option(help="Which work to do, with commas between.")] = ",".join(
        Queue
    ),
    health: Annotated[
        str, typer.Option(help="HOST:PORT where to answer /healthz and /readyz.")
    ] = "",
) -> None:
    """Run a worker: sends, notices, feedback, housekeeping. SIGTERM hands back and ends."""
    wanted = [queue.strip() for queue in queues.split(",") if queue.strip()]
    unknown = sorted(set(wanted) - set(Queue))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: the queues are {', '.join(Queue)}")
    with open_desk() as desk:
        background = Worker(desk.settings, desk.database, [Queue(queue) for queue in wanted])
        _on_signals(background.stop)
        aside.print(f"Working on {', '.join(wanted)}.", markup=False)
        with _health_of(background, desk, health):
            background.run()


def _health_of(background: Worker, desk: Desk, address: str) -> AbstractContextManager[object]:
    if not address:
        return nullcontext()
    from newsletter.worker_health import health_of  # an HTTP server, which few workers need

    return health_of(background, desk.database, address)


def _serve(desk: Desk, host: str, port: int) -> None:
    """Serve the site until SIGTERM or Ctrl-C."""
    # Only the site needs FastAPI and uvicorn: a worker starts without them.
    import uvicorn

    from newsletter.web.app import create_app
    from newsletter.web.serving import config

    with _listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        at = f"http://{shown}:{listening.getsockname()[1]}"
        say(f"Serving at {at}/ ; Ctrl-C ends.")
        if not desk.settings.has_public_base_url and desk.settings.base_url != at:
            aside.print(
                f"Links in mails lead to {desk.settings.base_url}: set base_url to {at} if they "
                "are to lead here.",
                markup=False,
            )
        app = create_app(desk.settings, desk.database)
        uvicorn.Server(config(app)).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(
            f"Can't listen at {host} port {port} ({error.strerror}). Choose another with --port."
        ) from error


def _on_signals(stop: Callable[[], None]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
