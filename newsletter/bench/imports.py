"""How long an import takes, beside what Python's csv module needs only to read the file."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from newsletter.bench.helper import Helper
from newsletter.bench.house import PUBLICATION
from newsletter.bench.readers import write_readers
from newsletter.bench.scratch import described, scratch_database
from newsletter.publications import store_publication


def measure_import(rows: int, database_url: str | None) -> dict[str, Any]:
    """Import `rows` invented readers into an empty database; making the file is in no time.

    Raises a BenchError where the database is not empty, or not all came in.
    """
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name, ExitStack() as stack:
        path = Path(name) / "readers.csv"
        database = stack.enter_context(scratch_database(database_url, Path(name)))
        with database.writing() as session:
            publication_id = store_publication(session, PUBLICATION).key
        write_readers(path, rows)
        order = {
            "database_url": database.url,
            "publication_id": publication_id,
            "file": str(path),
            "rows": rows,
        }
        importer = stack.enter_context(Helper("newsletter.bench.importer", order))
        return {"rows": rows, "database": described(database), **importer.hear()}
