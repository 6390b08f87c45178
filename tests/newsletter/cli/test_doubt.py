"""An edition of which only deliveries in doubt are left says how they are settled."""

from collections.abc import Iterator

import pytest
from sqlmodel import select

from newsletter.database import Database
from newsletter.dispatch.models import Batch
from newsletter.editions.models import Edition
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.cli.test_editions import DATE, approved
from tests.newsletter.dispatch.batches import add_batch, add_delivery

WAY_OUT = f"2 deliveries are in doubt: newsletter edition resolve {DATE}"


@pytest.fixture
def database(shell: Shell) -> Iterator[Database]:
    """An edition that is being sent: one reader has it, of two nobody knows."""
    approved(shell)
    database = Database(f"sqlite:///{shell.folder}/newsletter.sqlite3")
    with database.writing() as session:
        edition = session.exec(select(Edition)).one()
        edition.state, edition.recipients = "sending", 3
        batch = add_batch(
            session, edition.key, provider="folder", state="done", size=3, handed_to=3
        )
        for position, state in enumerate(("accepted", "unsure", "unsure")):
            add_delivery(session, batch, position + 1, state, position=position)
    yield database
    database.close()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("command", ["show", "watch"])
def test_who_looks_on_is_told_the_way_out_and_a_machine_the_counts(
    shell: Shell, command: str
) -> None:
    assert shell("edition", command, DATE).out.splitlines()[-1] == WAY_OUT

    told = shell("edition", command, DATE, "--json")

    assert (told.json["status"], told.json["unsure"]) == ("sending", 2)
    assert "in doubt" not in told.out


def test_while_others_wait_nobody_is_asked_to_settle_anything(
    shell: Shell, database: Database
) -> None:
    with database.writing() as session:
        add_delivery(session, session.exec(select(Batch)).one(), 4, "queued", position=3)
    assert "in doubt" not in shell("edition", "show", DATE).out
