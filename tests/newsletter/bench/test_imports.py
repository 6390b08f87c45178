"""What `newsletter bench import` promises, on both databases."""

import csv
from pathlib import Path

from newsletter.bench.imports import measure_import
from newsletter.bench.readers import HEADER, write_readers

ROWS = 300


def test_an_import_is_measured_whole(fresh_url: str) -> None:
    figures = measure_import(ROWS, fresh_url)
    assert figures["rows"] == ROWS
    assert figures["seconds"] > 0
    assert figures["peak_rss_mb"] >= figures["base_rss_mb"] > 0
    assert {"parse_only_seconds", "ratio"} <= figures.keys()
    assert figures["database"].startswith(("SQLite 3", "PostgreSQL 1"))


def test_invented_readers_are_all_different_and_the_same_every_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    write_readers(one, ROWS)
    write_readers(other, ROWS)
    assert one.read_bytes() == other.read_bytes()
    with one.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == HEADER
    assert len({row[0] for row in rows}) == ROWS
