"""What an import costs PostgreSQL, whatever its planner thinks of the tables."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlmodel import Session

from subscribers import imports
from subscribers.imports import ImportPlan, ImportReport, import_readers
from tests.blocked import on_postgresql
from tests.subscribers.readers import NOW, Readers, hash_of

pytestmark = on_postgresql

SCANS = """
    SELECT relname FROM pg_stat_xact_user_tables
    WHERE seq_scan > 0 AND relname IN ('subscriber', 'subscription', 'suppression')
"""


def bring_in(readers: Readers, text: str, look: Callable[[Session], None]) -> ImportReport:
    """Import, by chunks of a hundred; `look` is called at the end of each transaction."""

    def checkpoint(session: Session) -> None:
        look(session)
        session.commit()

    with readers.session() as session:
        return import_readers(
            [session],
            readers.file(text),
            ImportPlan(readers.publication_id, consent="asked at the fair"),
            rejected=None,
            hash_of=hash_of,
            now=NOW,
            checkpoint=checkpoint,
        )


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK", 100)


@pytest.mark.parametrize("rows_known", [0, 300])
def test_no_table_is_scanned_for_a_chunk(readers: Readers, rows_known: int) -> None:
    readers.bring_in("email\n" + "".join(f"r{n}@x.example\n" for n in range(rows_known)))
    scanned: set[str] = set()

    report = bring_in(
        readers,
        "email,tags\n" + "".join(f"r{n}@x.example,fair\n" for n in range(600)),
        lambda session: scanned.update(session.execute(text(SCANS)).scalars()),
    )

    assert (report.known, report.added) == (rows_known, 600 - rows_known)
    assert not scanned


def test_no_statement_of_a_chunk_is_compiled(readers: Readers) -> None:
    compiled = []

    report = bring_in(
        readers,
        "email\n" + "".join(f"r{n}@x.example\n" for n in range(300)),
        lambda session: compiled.append(session.execute(text("SHOW jit")).scalar_one()),
    )

    assert report.added == 300
    assert compiled[-4:-1] == ["off"] * 3  # the last is the end of the run, with all as it was


def test_what_a_file_tells_nothing_new_about_is_not_written_again(readers: Readers) -> None:
    """Who gets something is a new version of the row, and the others stand as they were."""
    lines = ("ada@x.example,Ada,vip,UK", "bob@x.example,Bob,vip,UK", "eve@x.example,,,")
    readers.bring_in("\n".join(("email,name,tags,country", *lines)))

    def versions() -> dict[str, str]:
        with readers.session() as session:
            found = session.execute(text("SELECT email_key, xmin::text AS version FROM subscriber"))
            return {row.email_key: row.version for row in found}

    before = versions()

    report = readers.bring_in(
        "email,name,tags,country,plan\n"
        "ada@x.example,Ada Example,vip,UK,\nbob@x.example,Bob,,UK,free\neve@x.example,Eve,,,\n"
    )

    assert report.known == 3
    after = versions()
    assert {email for email in after if after[email] != before[email]} == {
        "bob@x.example",
        "eve@x.example",
    }
    assert readers.subscriber("bob@x.example").attributes == {"country": "UK", "plan": "free"}
    assert readers.subscriber("eve@x.example").name == "Eve"
