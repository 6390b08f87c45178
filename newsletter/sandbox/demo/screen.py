"""How the story is told: chapters and a live bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

TENTHS = 10


class Screen:
    """Tells chapters. Every word stands in the clear: there is no markup in what is said."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()
        self._chapters = 0

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        self._chapters += 1
        self.console.print()
        self._line(f"{self._chapters}  {title}  ({self.seconds:.0f} s)", style="bold")

    def say(self, text: str) -> None:
        self._line(f"   {text}")

    def prove(self, text: str) -> None:
        """Say something that has just been looked up and found true."""
        self._line(f"   ✔ {text}", style="green")

    def warn(self, text: str) -> None:
        """Say what has just gone wrong, on purpose."""
        self._line(f"   ✖ {text}", style="bold red")

    def _line(self, text: str, *, style: str | None = None) -> None:
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator["Bar"]:
        """Show how far something has come, until the end of the block."""
        if not self.console.is_terminal:
            yield PlainBar(self, title, total)
            return
        columns = (
            TextColumn("   {task.description}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        with Progress(*columns, console=self.console) as progress:
            yield LiveBar(progress, progress.add_task(title, total=total, note=""))


class Bar:
    """Something of which so much is done."""

    def show(self, done: int, note: str) -> None:
        """Bring it up to date; `note` says what else there is to know."""
        raise NotImplementedError


class LiveBar(Bar):
    """On a terminal."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def show(self, done: int, note: str) -> None:
        self._progress.update(self._task, completed=done, note=note)


class PlainBar(Bar):
    """Where there is no terminal: a line for every tenth."""

    def __init__(self, screen: Screen, title: str, total: int) -> None:
        self._screen, self._title, self._total = screen, title, total
        self._shown = -1

    def show(self, done: int, note: str) -> None:
        tenth = done * TENTHS // self._total if self._total else TENTHS
        if tenth > self._shown:
            self._shown = tenth
            told = f"{self._title} {done:,} of {self._total:,}"
            self._screen.say(f"{told}, {note}" if note else told)
