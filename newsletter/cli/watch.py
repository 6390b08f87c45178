"""`newsletter edition watch DATE`: how a send goes, until it is over."""

import time
from collections.abc import Iterator
from typing import Any

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from newsletter.cli.desk import open_desk
from newsletter.cli.editions import Name
from newsletter.cli.output import AsJson, PublicationSlug, console, emit, say
from newsletter.cli.send import current, is_over, rest
from newsletter.cli.standing import details, doubt

SECONDS = 1.0
SHOWN = ("status", "recipients", "queued", "per_second", "eta_seconds", "unsure", "hold_reason")


def register(app: typer.Typer) -> None:
    app.command("watch")(watch)


def watch(name: Name, publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """Watch an edition until nothing more happens without a person; Ctrl-C only stops watching."""
    with open_desk(publication) as desk:
        began, state = time.monotonic(), current(desk, name)
        with Live(console=console, transient=True, auto_refresh=False) as live:
            while not is_over(state):
                if as_json:
                    emit(state)
                elif console.is_terminal:
                    live.update(_picture(state), refresh=True)
                else:
                    _tell(state)
                time.sleep(rest(SECONDS, since=began))
                began, state = time.monotonic(), current(desk, name)
    if as_json:
        emit(state)
        return
    console.print(_picture(state))
    if way_out := doubt(state):
        say(way_out)


def _tell(state: dict[str, Any]) -> None:
    say(" ".join(f"{key}={value}" for key, value in _shown(state)))
    for word, line in details(state, now=time.time()):
        say(f"  {word}: {line}")


def _picture(state: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in _shown(state):
        table.add_row(key, str(value))
    for word, line in details(state, now=time.time()):
        table.add_row(word, escape(line))
    return table


def _shown(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is always told, and every count that is not zero."""
    for key, value in state.items():
        if key in SHOWN or (isinstance(value, int) and value):
            yield key, value
