"""An export and a count under measurement, in a process of their own."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.bench.audience import TOPICS
from newsletter.bench.errors import BenchError, Void
from newsletter.bench.helper import answer, hear
from newsletter.bench.meter import Moment, peak_mb, resident_mb
from newsletter.database import Database
from newsletter.editions.audience import count_by_variant
from newsletter.publications import Publication
from subscribers.exports import export_csv

COUNTS = 5
MILLISECONDS = 1000.0


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to export and count, and how many readers there must be."""

    database_url: str
    publication_id: int
    file: str
    rows: int


def work(order: Order) -> dict[str, Any]:
    """Count, then export; memory is that of the whole process."""
    base, database = resident_mb(), Database(order.database_url)
    variants, count_ms = _count(database, order)
    begun = Moment.now()
    size = _export(database, order)
    ended = Moment.now()
    database.close()
    return {
        "variants": variants,
        "audience_ms": round(count_ms, 1),
        "export_seconds": round(ended.wall - begun.wall, 3),
        "export_cpu_seconds": round(ended.cpu - begun.cpu, 3),
        "export_mb": round(size / 1e6, 1),
        "peak_rss_mb": round(peak_mb(), 1),
        "base_rss_mb": round(base, 1),
    }


def _count(database: Database, order: Order) -> tuple[int, float]:
    """The variants there are, and the median time of counting them, each in a session of its own."""
    with database.reading() as session:
        publication = session.get_one(Publication, order.publication_id)
        publication.tracking = "consent"  # every reader's own choice: the most variants
        counted = count_by_variant(session, publication, TOPICS)
        session.expunge(publication)
    if sum(counted.values()) != order.rows:
        raise Void(f"Of {order.rows} readers {sum(counted.values())} were counted.")
    times = [_time(lambda: _count_once(database, publication)) for _ in range(COUNTS)]
    return len(counted), statistics.median(times) * MILLISECONDS


def _count_once(database: Database, publication: Publication) -> None:
    with database.reading() as session:
        count_by_variant(session, publication, TOPICS)


def _time(act: Callable[[], None]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def _export(database: Database, order: Order) -> int:
    """Export to the file; return its bytes."""
    path = Path(order.file)
    lines = 0
    with database.reading() as session, path.open("w", encoding="utf-8", newline="") as file:
        for page in export_csv(session, order.publication_id):
            lines += page.count("\r\n")
            file.write(page)
    if lines != order.rows + 1:
        raise Void(f"The export has {lines - 1} rows, not {order.rows}.")
    return path.stat().st_size


if __name__ == "__main__":
    try:
        answer(work(Order(**hear())))
    except BenchError as error:
        answer({"error": str(error)})
