"""What an import looks up, on PostgreSQL: by index, whatever its planner thinks of the tables."""

import pytest
from sqlalchemy import text
from sqlmodel import Session

from subscribers import imports
from subscribers.imports import ImportPlan, import_readers
from tests.blocked import on_postgresql
from tests.subscribers.readers import NOW, Readers, hash_of

pytestmark = on_postgresql

SCANS = """
    SELECT relname FROM pg_stat_xact_user_tables
    WHERE seq_scan > 0 AND relname IN ('subscriber', 'subscription', 'suppression')
"""


@pytest.mark.parametrize("rows_known", [0, 300])
def test_no_table_is_scanned_for_a_chunk(
    readers: Readers, monkeypatch: pytest.MonkeyPatch, rows_known: int
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 100)
    readers.bring_in("email\n" + "".join(f"r{n}@x.example\n" for n in range(rows_known)))
    path = readers.file("email,tags\n" + "".join(f"r{n}@x.example,fair\n" for n in range(600)))
    scanned: set[str] = set()

    def checkpoint(session: Session) -> None:
        scanned.update(session.execute(text(SCANS)).scalars())
        session.commit()

    with readers.session() as session:
        report = import_readers(
            [session], path, ImportPlan(readers.publication_id, consent="asked at the fair"),
            rejected=None, hash_of=hash_of, now=NOW, checkpoint=checkpoint,
        )  # fmt: skip

    assert (report.known, report.added) == (rows_known, 600 - rows_known)
    assert not scanned
