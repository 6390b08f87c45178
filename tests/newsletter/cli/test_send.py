"""`newsletter send`: what it waits for, and where there is nothing to send, the way out."""

import re
from contextlib import closing

from sqlmodel import update

from newsletter.database import Database
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.cli.test_editions import DATE, approved
from tests.newsletter.providers.conftest import Serve, smtp_server

__all__ = ["smtp_server"]


def test_a_send_that_waits_says_for_what(shell: Shell, smtp_server: Serve) -> None:
    approved(shell)
    server = smtp_server({"connect": ["421 4.3.2 we are closed"]})

    sent = shell("send", DATE, "--yes", "--wait", provider="smtp", smtp_url=server.url)

    assert sent.code == 0, sent.err
    (line,) = (
        one
        for one in sent.err.replace("\n", " ").split("3 readers wait for provider ")
        if "try" in one
    )
    assert re.match(r"smtp, since \d s: unreachable", line)
    assert "421" in line
    assert len(server.messages) == 3


def test_sending_what_was_sent_says_that_there_is_nothing_to_do(shell: Shell) -> None:
    approved(shell)
    shell("send", DATE, "--yes", "--wait")
    refused = shell("send", DATE, "--yes")
    assert refused.code == 1
    assert "nothing to do" in refused.err
    assert "as soon as a worker runs" not in refused.out


def test_sending_what_is_paused_names_the_way_on(shell: Shell) -> None:
    approved(shell)
    url = f"sqlite:///{shell.folder}/newsletter.sqlite3"
    with closing(Database(url)) as database, database.writing() as session:
        session.exec(update(Edition).values(state=EditionState.PAUSED))
    refused = shell("send", DATE, "--yes")
    assert refused.code == 1
    assert f"newsletter edition resume {DATE}" in refused.err


def test_sending_what_was_cancelled_is_refused(shell: Shell) -> None:
    approved(shell)
    shell("send", DATE, "--yes")
    assert shell("edition", "cancel", DATE, "--yes").code == 0
    refused = shell("send", DATE, "--yes")
    assert refused.code == 1
    assert "was cancelled" in refused.err
