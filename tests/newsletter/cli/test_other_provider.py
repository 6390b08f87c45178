"""An edition that waits for another provider says so wherever somebody looks."""

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlmodel import select

from newsletter.cli import send, watch
from newsletter.database import Database
from newsletter.dispatch.models import Batch
from newsletter.editions.models import Edition
from tests.newsletter.cli.conftest import Shell
from tests.newsletter.dispatch.batches import add_batch, add_delivery

DATE = "2026-11-22"
WAITS = (
    "2 readers wait for provider smtp: the settings name folder. "
    f"To go on with it: newsletter edition reroute {DATE}"
)


@pytest.fixture
def database(shell: Shell) -> Iterator[Database]:
    """An edition that was being sent by smtp: two readers queued, one unsure, one refused."""
    assert shell("edition", "import", "edition.yaml").code == 0
    assert shell("edition", "approve", DATE).code == 0
    database = Database(f"sqlite:///{shell.folder}/newsletter.sqlite3")
    with database.writing() as session:
        edition = session.exec(select(Edition)).one()
        edition.state, edition.recipients, edition.started_at = "sending", 4, time.time() - 60
        batch = add_batch(
            session, edition.key, lane="gmail", provider="smtp", state="ready", size=4, handed_to=2
        )
        for position, state in enumerate(("unsure", "refused", "queued", "queued")):
            add_delivery(session, batch, position + 1, state, position=position)
    yield database
    database.close()


def set_state(database: Database, state: str) -> None:
    with database.writing() as session:
        session.exec(select(Edition)).one().state = state


def test_show_names_the_provider_and_the_way_out(shell: Shell, database: Database) -> None:
    told = shell("edition", "show", DATE).out.splitlines()
    assert f"waits\t{WAITS}" in told
    assert "unsure\t1 time" in told
    assert not any(line.startswith("eta_seconds") for line in told)


def test_whoever_resumes_is_told(shell: Shell, database: Database) -> None:
    set_state(database, "paused")
    answer = shell("edition", "resume", DATE)
    assert answer.out.splitlines() == [f"Edition {DATE} is sending.", WAITS]
    assert f"edition reroute {DATE}" in shell("edition", "show", DATE).out


def test_the_doctor_names_it_while_the_edition_is_paused(shell: Shell, database: Database) -> None:
    set_state(database, "paused")
    answer = shell("doctor", "--json")
    assert "1 batches wait for smtp, and provider is folder" in [
        one["words"] for one in answer.json["checks"]
    ]


def test_who_watches_through_a_pipe_sees_counts_lanes_and_waits(
    shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(
        time=time.time, monotonic=time.monotonic, sleep=lambda _: set_state(database, "paused")
    )
    monkeypatch.setattr(watch, "time", clock)

    first, *details = shell("edition", "watch", DATE).out.splitlines()

    for count in ("status=sending", "queued=2", "refused=1", "unsure=1", "eta_seconds=None"):
        assert count in first.split()
    assert "  gmail: queued=2 refused=1 unsure=1" in details
    assert f"  waits: {WAITS}" in details


def test_who_looks_on_takes_a_tenth_of_the_time_and_is_never_long_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(send, "time", SimpleNamespace(monotonic=lambda: 102.0))
    assert send.rest(1.0, since=101.0) == 9.0
    assert send.rest(1.0, since=101.99) == 1.0
    assert send.rest(1.0, since=50.0) == send.LONGEST_REST


def test_who_settles_nothing_is_told_how(shell: Shell, database: Database) -> None:
    answer = shell("edition", "resolve", DATE)
    assert answer.out.splitlines() == [
        f"0 settled, 1 still in doubt; edition {DATE}: sending.",
        "Settle them with --sent, --resend, or --evidence and a mail log.",
    ]


def test_reroute_says_when_to_say_it_again_if_the_worker_died(
    shell: Shell, database: Database
) -> None:
    with database.writing() as session:
        batch = session.exec(select(Batch)).one()
        batch.state, batch.token = "leased", "of the dead"
        batch.leased_until = 1_795_000_000.0  # 2026-11-18 11:06:40 UTC

    told = " ".join(shell("edition", "reroute", DATE).out.split())

    assert "2 are in the hands of a worker" in told
    assert "if it died, say this again after 12:06:40 CET" in told
