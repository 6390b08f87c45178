"""The doctor names batches that wait for a provider which the settings don't name any more."""

from sqlmodel import select

from newsletter.database import Database
from newsletter.editions.models import Edition
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.dispatch.batches import add_batch


def test_batches_of_another_provider_are_named_with_the_cure(shell: Shell) -> None:
    assert shell("edition", "import", "edition.yaml").code == 0
    database = Database(f"sqlite:///{shell.folder}/newsletter.sqlite3")
    with database.writing() as session:
        edition = session.exec(select(Edition)).one()
        edition.state = "sending"
        add_batch(session, edition.key, provider="smtp", state="ready", size=3)
    database.close()

    answer = shell("doctor", "--json")

    assert answer.code == 1
    (finding,) = (one for one in answer.json["checks"] if one["check"].startswith("edition"))
    assert finding["words"] == "1 batches wait for smtp, and provider is folder"
    assert "newsletter edition reroute 2026-11-22" in finding["cure"]

    moved = shell("edition", "reroute", "2026-11-22", "--json")

    assert (moved.code, moved.json["provider"]) == (0, "folder")
    assert shell("doctor").code == 0
