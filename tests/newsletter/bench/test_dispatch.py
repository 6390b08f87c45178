"""What `newsletter bench dispatch` promises: real sends, everybody once, figures that add up."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlmodel import select

from newsletter.bench.dispatch import DispatchPlan, measure_dispatch
from newsletter.bench.errors import BenchError, HelperDied, NotEmpty, NotThisMachine
from newsletter.bench.receivers import SBIN, Tally
from newsletter.database import Database
from newsletter.migrate import is_current
from newsletter.publications import Publication
from tests.newsletter.providers.conftest import Serve

RECIPIENTS = 150
FIGURES = {
    "recipients",
    "seconds",
    "per_second",
    "cpu_us_per_message",
    "peak_rss_mb",
    "base_rss_mb",
    "bytes_per_message",
    "freeze_seconds",
}
needs_postfix = pytest.mark.skipif(
    shutil.which("smtp-sink", path=SBIN) is None, reason="Postfix's smtp-sink is not installed"
)


def measure(provider: str, **changes: object) -> dict[str, float]:
    return measure_dispatch(
        DispatchPlan(provider=provider, recipients=RECIPIENTS, **changes)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "provider",
    [
        "sendgrid",
        "folder",
        pytest.param("smtp", marks=[pytest.mark.postfix, needs_postfix]),
    ],
)
def test_everybody_gets_it_and_the_figures_are_there(provider: str) -> None:
    figures = measure(provider, reference=provider == "smtp")
    assert figures.keys() >= FIGURES
    assert figures["recipients"] == RECIPIENTS
    assert figures["missing"] == 0
    assert figures.get("duplicates", 0) == 0
    assert abs(figures["bytes_per_message"] / 60_000 - 1) < 0.05
    assert figures["per_second"] == pytest.approx(RECIPIENTS / figures["seconds"], rel=0.01)
    assert figures["cpu_us_per_message"] > 0
    assert figures["peak_rss_mb"] >= figures["base_rss_mb"] > 0
    if provider == "smtp":
        beside = figures["per_second"] / figures["smtp_source_per_second"]
        assert figures["smtp_source_ratio"] == pytest.approx(beside, rel=0.01)


def test_two_workers_share_an_edition_and_leave_the_database_empty(postgres_url: str) -> None:
    figures = measure("sendgrid", workers=2, database_url=postgres_url)
    assert (figures["missing"], figures["duplicates"]) == (0, 0)
    database = Database(postgres_url)
    assert is_current(database)
    assert publications(database) == []
    database.close()


def test_a_database_in_use_is_left_alone(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        session.add(Publication(slug="own", name="Our own", sender="desk@own.example"))
    with pytest.raises(NotEmpty, match="rows in publication"):
        measure("sendgrid", database_url=sqlite_url)
    assert publications(database) == ["own"]
    database.close()


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    database = Database(url)
    with database.writing() as session:
        session.execute(text("CREATE TABLE somebody_else (id INTEGER)"))
    with pytest.raises(NotEmpty, match="somebody_else"):
        measure("sendgrid", database_url=url)
    assert inspect(database.engine).get_table_names() == ["somebody_else"]
    database.close()


def publications(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.exec(select(Publication.slug)))


def test_a_server_that_refuses_a_reader_voids_the_figures(
    smtp_server: Serve,
) -> None:
    server = smtp_server({"RCPT": ["550 5.1.1 nobody here"]})
    with pytest.raises(BenchError, match="1 refused"):
        measure("smtp", smtp_url=server.url)


def test_a_server_that_breaks_off_voids_the_figures(
    smtp_server: Serve,
) -> None:
    server = smtp_server({".": ["cut"]})
    with pytest.raises(HelperDied, match="unsure"):
        measure("smtp", smtp_url=server.url)


def test_invented_readers_get_no_mail_from_a_real_server() -> None:
    with pytest.raises(NotThisMachine):
        measure("smtp", smtp_url="smtp://mail.example:25")
    with pytest.raises(NotThisMachine):
        measure("sendgrid", sendgrid_host="https://api.sendgrid.example")


def test_only_what_can_be_received_here_is_measured() -> None:
    with pytest.raises(BenchError, match="pigeon"):
        measure("pigeon")


@pytest.mark.parametrize(
    ("tally", "found"),
    [
        (Tally(), {}),
        (Tally(messages=10, readers=10), {"missing": 0, "duplicates": 0}),
        (Tally(messages=10, readers=8), {"missing": 2, "duplicates": 2}),
        (Tally(messages=12), {"missing": 0, "duplicates": 2}),
        (Tally(readers=9), {"missing": 1}),
    ],
)
def test_a_tally_says_what_it_can_tell(tally: Tally, found: dict[str, int]) -> None:
    assert tally.against(10) == found
