"""`newsletter send` where there is nothing to send: refused, with the way out."""

from contextlib import closing

from sqlmodel import update

from newsletter.database import Database
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.cli.test_editions import DATE, approved


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
