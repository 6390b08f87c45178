"""`newsletter demo`: a whole newspaper on this machine, with a crash in the middle."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from newsletter.cli.output import AsJson, console, emit


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send an edition to 5,000 invented readers, kill the worker half-way, count who got it.

    Nothing leaves this machine: the mail goes to a stand-in for SendGrid. Serves the site and an
    inbox until Ctrl-C; with --once it cleans up and ends.
    """
    from newsletter.sandbox.demo.run import open_demo

    with open_demo(console, once=once) as opened:
        figures = opened.tell()
        if as_json:
            emit(asdict(figures))
        if not once:
            opened.serve()
    if not figures.is_sound:
        sys.exit(1)
