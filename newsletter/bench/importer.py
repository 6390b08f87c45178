"""An import under measurement, in a process of its own."""

import csv
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from newsletter.bench.errors import BenchError, Void
from newsletter.bench.helper import answer, hear
from newsletter.bench.meter import FamilyMemory, Moment, resident_mb
from newsletter.bench.sender import bench_settings
from newsletter.database import Database
from newsletter.site import Site
from subscribers.imports import ImportPlan, ImportReport, import_readers

PARSES = 3


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to import, and how many rows it must come to."""

    database_url: str
    publication_id: int
    file: str
    rows: int


def work(order: Order) -> dict[str, Any]:
    """Parse, then import; memory is that of all its processes together."""
    base, path = resident_mb(), Path(order.file)
    parse_only = statistics.median(parse_seconds(path) for _ in range(PARSES))
    database = Database(order.database_url)
    with FamilyMemory() as memory:
        begun = Moment.now()
        report = _import(database, path, order.publication_id)
        ended = Moment.now()
    seconds = ended.wall - begun.wall
    database.close()
    if report.added != order.rows:
        raise Void(f"Of {order.rows} rows {report.added} came in.")
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(ended.cpu - begun.cpu, 3),
        "parse_only_seconds": round(parse_only, 3),
        "ratio": round(seconds / parse_only, 2),
        "peak_rss_mb": round(memory.peak_mb, 1),
        "base_rss_mb": round(base, 1),
    }


def parse_seconds(path: Path) -> float:
    """What csv.reader needs for the file."""
    with path.open(encoding="utf-8", newline="") as file:
        begun = time.monotonic()
        for _ in csv.reader(file):
            pass
        return time.monotonic() - begun


def _import(database: Database, path: Path, publication_id: int) -> ImportReport:
    hash_of = Site.of(bench_settings()).signer.keyed_hash
    with database.importing() as sessions:
        return import_readers(
            sessions,
            path,
            ImportPlan(publication_id, consent="invented for a measurement"),
            rejected=None,
            hash_of=hash_of,
            now=time.time(),
            checkpoint=Session.commit,
        )


if __name__ == "__main__":
    try:
        answer(work(Order(**hear())))
    except BenchError as error:
        answer({"error": str(error)})
