"""The recorder: quick to take a hit, slow to lose one."""

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from newsletter.database import Database
from newsletter.feedback.models import HIT
from newsletter.feedback.recorder import FLUSH_AT, Recorder
from newsletter.feedback.verdict import HitKind


def stored(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(select(func.count()).select_from(HIT)).scalar_one())


def note(recorder: Recorder, *, agent: str = "Firefox", subscriber_id: int | None = 7) -> None:
    recorder.hit(
        HitKind.CLICK, 1, subscriber_id, 3, at=1_795_000_000.5, method="GET", user_agent=agent
    )


class Away:
    """Makes the database go away and come back."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self._writing = database.writing
        self.is_away = True
        monkeypatch.setattr(database, "writing", self)

    def __call__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
        if self.is_away:
            raise OperationalError("INSERT", {}, Exception("gone"))
        return self._writing()


def test_a_hit_is_stored_with_all_that_a_verdict_needs(database: Database) -> None:
    recorder = Recorder(database)
    note(recorder, agent="Fire\0fox" + "x" * 1000)
    recorder.close()

    with database.reading() as session:
        (row,) = session.execute(select(HIT)).all()
    assert (row.kind, row.edition_id, row.subscriber_id, row.link) == ("click", 1, 7, 3)
    assert (row.at, row.method, row.user_agent[:8]) == (1_795_000_000.5, "GET", "Firefoxx")
    assert len(row.user_agent) < 500


def test_closing_writes_what_waits_and_can_be_repeated(database: Database) -> None:
    recorder = Recorder(database)
    for subscriber_id in (1, None):
        note(recorder, subscriber_id=subscriber_id)

    recorder.close()
    recorder.close()

    assert stored(database) == 2


def test_many_hits_are_written_without_waiting_for_the_clock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.feedback.recorder.FLUSH_SECONDS", 3600.0)
    recorder = Recorder(database)
    written = threading.Event()
    flush = recorder.flush

    def flush_and_tell() -> int:
        count = flush()
        if count:
            written.set()
        return count

    monkeypatch.setattr(recorder, "flush", flush_and_tell)

    for _ in range(FLUSH_AT):
        note(recorder)

    assert written.wait(10)
    assert stored(database) == FLUSH_AT
    recorder.close()


def test_hits_wait_while_the_database_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(database, monkeypatch)
    recorder = Recorder(database)
    for _ in range(5):
        note(recorder)
    assert recorder.flush() == 0

    away.is_away = False
    recorder.flush()
    recorder.close()

    assert stored(database) == 5


def test_beyond_the_bound_new_hits_are_dropped_and_the_log_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = Away(database, monkeypatch)
    recorder = Recorder(database, most_waiting=3)
    for _ in range(5):
        note(recorder)
    recorder.flush()
    away.is_away = False
    recorder.close()

    assert stored(database) == 3
    assert "2 opens and clicks were dropped" in caplog.text


def test_what_is_lost_at_the_end_is_said(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Away(database, monkeypatch)
    recorder = Recorder(database)
    note(recorder)

    recorder.close()

    assert "1 opens and clicks are lost" in caplog.text


def test_many_threads_lose_nothing(database: Database) -> None:
    recorder = Recorder(database)

    def browse() -> None:
        for _ in range(200):
            note(recorder)

    threads = [threading.Thread(target=browse) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()

    assert stored(database) == 1000
