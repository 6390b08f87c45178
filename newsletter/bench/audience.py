"""How long an export takes, and how long it takes to count an edition's audience."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from newsletter.bench.helper import Helper
from newsletter.bench.house import PUBLICATION, add_readers
from newsletter.bench.scratch import described, scratch_database
from newsletter.bench.sender import bench_settings
from newsletter.database import Database
from newsletter.publications import store_publication
from newsletter.site import Site

TOPICS = ("labs", "papers", "wire")
PICKY = """
    UPDATE subscription SET
        muted = CASE subscriber_id % 7 WHEN 0 THEN 'labs' WHEN 1 THEN 'papers'
                WHEN 2 THEN 'labs wire' WHEN 3 THEN 'labs papers wire' ELSE '' END,
        tracking = CASE subscriber_id % 3 WHEN 0 THEN 'linked' WHEN 1 THEN 'counted' ELSE 'off' END
"""
"""Four in seven mute something, and all ways of being tracked occur."""


def measure_readers(rows: int, database_url: str | None) -> dict[str, Any]:
    """Export `rows` invented readers, and count the audience of an edition with TOPICS.

    Importing them is in neither time. Raises a BenchError where the database is not empty, or
    somebody is missing.
    """
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        database = stack.enter_context(scratch_database(database_url, folder))
        with database.writing() as session:
            publication_id = store_publication(session, PUBLICATION).key
        add_readers(database, Site.of(bench_settings()), publication_id, rows, folder)
        database.transact(_make_picky)
        _tidy(database)
        order = {
            "database_url": database.url,
            "publication_id": publication_id,
            "file": str(folder / "export.csv"),
            "rows": rows,
        }
        counter = stack.enter_context(Helper("newsletter.bench.counter", order))
        return {"rows": rows, "database": described(database), **counter.hear()}


def _make_picky(session: Session) -> None:
    session.execute(text(PICKY))


def _tidy(database: Database) -> None:
    """Leave the tables as a server's housekeeping would, after so many rows at once."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as bare:
            bare.execute(text("VACUUM (ANALYZE) subscription, subscriber"))
