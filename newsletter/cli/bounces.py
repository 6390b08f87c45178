"""`newsletter bounces read | fetch`: mail that comes back, from a pipe or a mailbox."""

import sys
import time
from functools import partial
from os import EX_TEMPFAIL
from typing import Annotated

import typer

from newsletter.cli.desk import open_desk
from newsletter.cli.output import AsJson, aside, emit, say
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.feedback.returned.intake import MOST_BYTES, take_in
from newsletter.feedback.returned.mailboxes import fetch as fetch_mailbox

Recipient = Annotated[
    str, typer.Option(help="The address that it came to, where the mail server names it.")
]


def register(group: typer.Typer) -> None:
    group.command()(read)
    group.command()(fetch)


def read(recipient: Recipient = "", as_json: AsJson = False) -> None:
    """Take in one mail from standard input, as a mail server pipes it.

    Ends with 75 (EX_TEMPFAIL) where that can't be done now, so that the mail server tries again.
    """
    mail = sys.stdin.buffer.read(MOST_BYTES)
    try:
        with open_desk() as desk:
            taken = desk.database.transact(
                partial(take_in, mail=mail, site=desk.site, recipient=recipient, now=time.time())
            )
    except NewsletterError as error:
        aside.print(str(error), markup=False)
        sys.exit(EX_TEMPFAIL)
    if as_json:
        emit({"ours": taken.ours})
    else:
        say("Taken in." if taken.ours else "Kept, without effect: it bears no token of ours.")


def fetch(as_json: AsJson = False) -> None:
    """Take in what is unread in BOUNCE_MAILBOX; the worker does so once a minute."""
    with open_desk() as desk:
        url = desk.settings.bounce_mailbox.get_secret_value()
        if not url:
            raise ConfigurationError("Set BOUNCE_MAILBOX first: there is no mailbox to look into.")
        seen, ours = fetch_mailbox(desk.database, url, desk.site, now=time.time())
    if as_json:
        emit({"mails": seen, "ours": ours})
    else:
        say(f"{seen} mails taken in, {ours} of them bear a token of ours.")
