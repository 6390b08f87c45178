"""`newsletter report DATE`: what became of an edition."""

import time

import typer

from newsletter.cli.desk import open_desk
from newsletter.cli.editions import Name
from newsletter.cli.output import AsJson, PublicationSlug, console, emit
from newsletter.feedback.duty import work_off_inbox
from newsletter.reports.report import edition_report
from newsletter.reports.text import render


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(name: Name, publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """Report an edition: delivered, bounced by reason, opened by people and machines, clicks."""
    with open_desk(publication) as desk:
        work_off_inbox(desk.database, now=time.time())
        with desk.database.reading() as session:
            _, edition = desk.edition(session, name)
            result = edition_report(session, edition, bounces_return=bool(desk.site.bounce_address))
    if as_json:
        emit(result.to_dict())
    else:
        render(result, console)
