"""Puts the commands together, and turns errors into words and exit codes.

0 fine, 1 refused or failed, 2 wrong usage.
"""

import sys
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from emails.errors import EmailsError
from newsletter.cli import (
    bench,
    bounces,
    compose,
    demo,
    do_not_mail,
    doctor,
    editions,
    imports,
    report,
    reroute,
    resolve,
    run,
    send,
    setup,
    subscribers,
    tokens,
    watch,
)
from newsletter.cli.output import fail, say
from newsletter.errors import NewsletterError
from newsletter.invalid import without_prefix
from subscribers.errors import SubscribersError


class Commands(TyperGroup):
    """The commands; wrong usage is told without Pydantic's words, by which typer finds it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, its own arguments being read on the way."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = without_prefix(error.message)
            raise


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
edition = typer.Typer(
    help="Editions: import, look at, approve, schedule, stop.", no_args_is_help=True
)
readers = typer.Typer(
    help="Readers: import, export, add, show, suppress, erase.", no_args_is_help=True
)
returned = typer.Typer(help="Bounces that come back as mail.", no_args_is_help=True)
token = typer.Typer(help="Bearer tokens for editors' tools.", no_args_is_help=True)

for module in (setup, compose, send, report, run, doctor, demo, bench):
    module.register(app)
for module in (editions, resolve, reroute, watch):
    module.register(edition)
for module in (imports, subscribers, do_not_mail):
    module.register(readers)
bounces.register(returned)
tokens.register(token)
app.add_typer(edition, name="edition")
app.add_typer(readers, name="subscribers")
app.add_typer(returned, name="bounces")
app.add_typer(token, name="token")


def _show_version(asked: bool) -> None:
    if asked:
        say(f"newsletter {version('newsletter')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which this is."),
    ] = False,
) -> None:
    """Newsletter: nobody left out, nobody twice; what you preview is what is sent."""


def main() -> NoReturn:
    """Run the command line; errors of ours are told in their own words, without a traceback."""
    try:
        app()
    except (NewsletterError, EmailsError, SubscribersError) as error:
        fail(error, as_json="--json" in sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        fail(error, as_json="--json" in sys.argv)
    sys.exit(0)
