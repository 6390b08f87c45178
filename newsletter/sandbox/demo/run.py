"""Opens the demo, tells its story, and serves it afterwards."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlencode

from rich.console import Console

from newsletter.sandbox.demo.folder import forget_environment, lasting_folder, passing_folder
from newsletter.sandbox.demo.house import House, open_house
from newsletter.sandbox.demo.plan import DemoFigures, DemoPlan
from newsletter.sandbox.demo.screen import Screen
from newsletter.sandbox.demo.story import Story
from newsletter.sandbox.inbox.app import Inbox
from newsletter.sandbox.inbox.server import serve_inbox

TERMINATED = 128 + signal.SIGTERM


@dataclass
class Demo:
    """A demo that is open: everything runs."""

    house: House
    screen: Screen
    story: Story

    def tell(self) -> DemoFigures:
        """Tell the story; return its figures."""
        figures = self.story.tell()
        self.screen.chapter("Nothing left this machine")
        self.screen.say(f"all of this took {self.screen.seconds:.0f} seconds")
        self.screen.say("next step, for a newspaper of your own: newsletter init")
        if not figures.is_sound:
            self.screen.warn("the figures do not add up: this should never happen")
        return figures

    def serve(self) -> None:
        """Show where to look, and go on until Ctrl-C."""
        site = self.house.settings.base_url
        pages = Inbox(self.house.control, self.story.report, site)
        with serve_inbox(pages.asgi()) as inbox:
            for name, address in (
                ("inbox", f"{inbox}/?{urlencode({'q': self.story.title})}"),
                ("archive", f"{site}/archive"),
                ("report", f"{inbox}/report"),
                ("sign up", f"{site}/subscribe"),
            ):
                self.screen.say(f"{name:8} {address}")
            self.screen.say(
                f"commands work in {self.house.folder}, e.g. `newsletter report {self.story.name}`"
            )
            self.screen.say("Ctrl-C ends the demo")
            wait_for_interrupt()


@contextmanager
def open_demo(console: Console, *, once: bool, plan: DemoPlan | None = None) -> Iterator[Demo]:
    """Start the demo's processes; stop them at the end, in whatever way that comes.

    `once` lives in a folder that is gone afterwards, otherwise in ./newsletter-demo.
    """
    forget_environment()
    _end_cleanly_when_terminated()
    screen = Screen(console)
    with _folder(once=once) as folder, open_house(folder, plan or DemoPlan()) as house:
        yield Demo(house, screen, Story(house, screen))


@contextmanager
def _folder(*, once: bool) -> Iterator[Path]:
    if once:
        with passing_folder() as folder:
            yield folder
    else:
        yield lasting_folder(Path.cwd())


def _end_cleanly_when_terminated() -> None:
    """Let SIGTERM unwind as Ctrl-C does; only the main thread may say so."""

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit(TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


def wait_for_interrupt() -> None:
    """Return at Ctrl-C."""
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
