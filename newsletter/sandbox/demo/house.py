"""The demo's house: folder, database, stand-in, site and worker, opened and running."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from newsletter.database import Database
from newsletter.migrate import upgrade
from newsletter.publications import store_publication
from newsletter.sandbox.demo.desk import Desk
from newsletter.sandbox.demo.errors import Overdue
from newsletter.sandbox.demo.folder import API_KEY, write_config
from newsletter.sandbox.demo.plan import DemoPlan
from newsletter.sandbox.demo.processes import LOOPBACK, Child, free_port
from newsletter.sandbox.standin.control import Control
from newsletter.sandbox.standin.options import StandInOptions
from newsletter.sandbox.standin.process import StandIn
from newsletter.settings import PublicationSettings, Settings
from newsletter.site import Site

POLL_SECONDS = 0.2
HEALTH_SECONDS = 2.0


@dataclass
class House:
    """Everything that runs while the story is told."""

    plan: DemoPlan
    folder: Path
    settings: Settings
    desk: Desk
    control: Control
    journal: Path
    web: Child
    worker: Child
    _stack: ExitStack

    def replace_worker(self) -> None:
        """Start another worker; the old one has been killed."""
        self.worker = _start_worker(self.folder, self._stack)

    def moments(self, what: str) -> Iterator[None]:
        """Yield now and then, to look whether `what` has come about.

        Raises:
            Overdue: it took too long.
            ProcessEnded: it can't come about any more.
        """
        deadline = time.monotonic() + self.plan.patience
        while time.monotonic() < deadline:
            self.web.require_running()
            self.worker.require_running()
            yield
            time.sleep(POLL_SECONDS)
        raise Overdue(f"Waited {self.plan.patience:.0f} seconds for {what}. Logs: {self.folder}")

    def wait_for_site(self) -> None:
        """Return once the site answers."""
        opener = build_opener(ProxyHandler({}))
        for _ in self.moments("the site"):
            try:
                opener.open(f"{self.settings.base_url}/healthz", timeout=HEALTH_SECONDS).close()
            except (URLError, TimeoutError, ConnectionError):
                continue
            return


@contextmanager
def open_house(folder: Path, plan: DemoPlan) -> Iterator[House]:
    """Start everything in `folder`; stop it at the end, in whatever way that comes."""
    with ExitStack() as stack:
        port = free_port()
        base_url = f"http://{LOOPBACK}:{port}"
        journal = folder / "received.jsonl"
        standin = stack.enter_context(
            StandIn.start(
                StandInOptions(
                    journal=journal,
                    api_key=API_KEY,
                    webhook_url=f"{base_url}/hooks/sendgrid",
                    **plan.standin,
                )
            )
        )
        settings = write_config(folder, plan, standin, base_url=base_url)
        desk = _found(settings, stack)
        web = Child.start("site", ["serve", "--port", str(port)], folder)
        stack.callback(web.stop)
        yield House(
            plan=plan,
            folder=folder,
            settings=settings,
            desk=desk,
            control=Control(standin.url),
            journal=journal,
            web=web,
            worker=_start_worker(folder, stack),
            _stack=stack,
        )


def _found(settings: Settings, stack: ExitStack) -> Desk:
    """Make the tables and store the publication, as `newsletter init` does."""
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    stack.callback(database.close)
    wanted = settings.publication
    assert isinstance(wanted, PublicationSettings)
    with database.writing() as session:
        publication_id = store_publication(session, wanted).key
    return Desk(database, Site.of(settings), publication_id)


def _start_worker(folder: Path, stack: ExitStack) -> Child:
    worker = Child.start("worker", ["worker"], folder)
    stack.callback(worker.stop)
    return worker
