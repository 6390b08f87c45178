"""`newsletter bounces`: what a mail server pipes in, and what lies in a mailbox."""

import mailbox
import os
import subprocess
import sys

from newsletter.database import Database
from newsletter.settings import load_settings
from newsletter.site import Site
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.feedback.returned.mails import postfix

ADDRESS = {"bounce_address": "bounces@ledger.example"}


def return_path(shell: Shell) -> str:
    settings = load_settings(shell.folder / "newsletter.toml")
    return Site.of(settings.model_copy(update=ADDRESS)).return_path(1, 1)


def pipe(shell: Shell, mail: bytes, *words: str, database: str) -> "tuple[int, str]":
    """Run `newsletter bounces read` as Postfix does."""
    environment = {
        **os.environ,
        "NEWSLETTER_DATABASE_URL": database,
        "NEWSLETTER_BOUNCE_ADDRESS": ADDRESS["bounce_address"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "newsletter.cli", "bounces", "read", *words],
        input=mail,
        capture_output=True,
        cwd=shell.folder,
        env=environment,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def test_a_mail_from_the_pipe_is_taken_in(shell: Shell) -> None:
    database = f"sqlite:///{shell.folder}/newsletter.sqlite3"
    code, said = pipe(
        shell, postfix("a@b.example"), "--recipient", return_path(shell), database=database
    )
    assert (code, said.strip()) == (0, "Taken in.")


def test_a_pipe_into_a_database_that_is_away_is_tried_again(shell: Shell) -> None:
    code, said = pipe(shell, postfix("a@b.example"), database="sqlite:////no/such/folder/x.db")
    assert code == os.EX_TEMPFAIL
    assert "database" in said


def test_a_mailbox_is_fetched_on_demand(shell: Shell) -> None:
    box = mailbox.Maildir(shell.folder / "bounces")
    box.add(postfix(return_path(shell)))
    box.add(postfix("stranger@b.example"))
    url = f"maildir://{shell.folder}/bounces"

    answer = shell("bounces", "fetch", "--json", **ADDRESS, bounce_mailbox=url)

    assert answer.json == {"mails": 2, "ours": 1}
    with Database(f"sqlite:///{shell.folder}/newsletter.sqlite3").reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM inbox_item").scalar() == 2


def test_without_a_mailbox_there_is_nothing_to_fetch(shell: Shell) -> None:
    answer = shell("bounces", "fetch")
    assert answer.code == 1
    assert "BOUNCE_MAILBOX" in answer.err


def test_a_bounce_address_leaves_room_for_the_token(shell: Shell) -> None:
    answer = shell("bounces", "fetch", bounce_address=f"{'b' * 17}@ledger.example")
    assert answer.code == 1
    assert "16 characters" in answer.err
