"""`newsletter run | serve | worker`: the processes that go on."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from newsletter.cli.desk import open_desk
from newsletter.cli.output import aside
from newsletter.database import Database
from newsletter.settings import Settings
from newsletter.worker import Queue, Worker

GRACE_SECONDS = 10

Host = Annotated[str, typer.Option(help="Address to listen at.")]
Port = Annotated[int, typer.Option(help="Port to listen at; 0: any that is free.")]


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
            _server(desk.settings, desk.database, host, port).run()
        finally:
            background.stop()
            thread.join()


def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the site alone; workers run beside it."""
    with open_desk() as desk:
        _server(desk.settings, desk.database, host, port).run()


def worker(
    queues: Annotated[str, typer.Option(help="Which work to do, with commas between.")] = ",".join(
        Queue
    ),
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
        background.run()


def _server(settings: Settings, database: Database, host: str, port: int) -> uvicorn.Server:
    # Only the site needs FastAPI: a worker starts without it.
    from newsletter.web.app import create_app

    app = create_app(settings, database)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def _on_signals(stop: Callable[[], None]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
