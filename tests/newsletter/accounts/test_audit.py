import pytest

from newsletter.accounts import audit
from newsletter.database import Database

NOW = 1_800_000_000.0


def test_entries_come_newest_first_with_their_details(database: Database) -> None:
    with database.writing() as session:
        audit.record(session, actor="desk", act="edition.import", subject="edition X", now=NOW)
        audit.record(
            session,
            actor="desk",
            act="edition.approve",
            subject="edition X",
            now=NOW + 1,
            warnings=["no_alt"],
        )
    with database.reading() as session:
        entries = audit.recent(session)
        assert [entry.act for entry in entries] == ["edition.approve", "edition.import"]
        assert entries[0].details == {"warnings": ["no_alt"]}
        assert [entry.act for entry in audit.recent(session, limit=1)] == ["edition.approve"]


def test_an_act_that_fails_leaves_no_entry(database: Database) -> None:
    def act_and_fail() -> None:
        with database.writing() as session:
            audit.record(session, actor="desk", act="edition.send", subject="edition X", now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act_and_fail()
    with database.reading() as session:
        assert audit.recent(session) == []
