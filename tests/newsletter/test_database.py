"""Both databases behave alike under the two kinds of session."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, select

from newsletter.accounts.models import AuditEntry
from newsletter.database import Database, db_now
from newsletter.errors import ConfigurationError, DatabaseError


def add_entry(session: Session, act: str = "x") -> None:
    session.add(AuditEntry(at=1.0, actor="ada", act=act, subject="s"))


def count(database: Database) -> int:
    with database.reading() as session:
        return len(session.exec(select(AuditEntry)).all())


def write_and_fail(database: Database) -> None:
    with database.writing() as session:
        add_entry(session)
        session.flush()
        raise RuntimeError


def test_writing_commits_at_the_end_and_not_after_an_exception(database: Database) -> None:
    with database.writing() as session:
        add_entry(session)
    with pytest.raises(RuntimeError):
        write_and_fail(database)
    assert count(database) == 1


def test_reading_never_commits(database: Database) -> None:
    with database.reading() as session:
        add_entry(session)
        session.flush()
    assert count(database) == 0


def test_the_database_has_a_clock_of_seconds_since_1970(database: Database) -> None:
    assert abs(database.now() - time.time()) < 5
    with database.writing() as session:
        session.execute(text("SELECT 1"))
        assert abs(session.exec(select(db_now())).one() - time.time()) < 5


def test_one_writing_session_inside_another_is_refused_at_once(sqlite_url: str) -> None:
    """It would wait for itself."""
    database = Database(sqlite_url)
    with database.writing() as session:
        add_entry(session)
        with pytest.raises(RuntimeError, match="already"), database.writing():
            pass
    assert count(database) == 1
    database.close()


def test_a_pool_without_a_free_connection_is_a_database_that_does_not_answer(
    database: Database,
) -> None:
    def find_none(_session: Session) -> None:
        raise PoolTimeout("no connection in 30 s")

    with pytest.raises(DatabaseError, match="no connection"):
        database.transact(find_none)


def test_two_writers_take_turns(database: Database) -> None:
    """Each reads, then writes: a deferred transaction would fail at once on SQLite."""
    started = threading.Barrier(2)

    def raise_by_one(session: Session) -> None:
        entry = session.exec(select(AuditEntry).with_for_update()).one()
        entry.at += 1
        session.add(entry)

    def work() -> None:
        started.wait()
        for _ in range(25):
            database.transact(raise_by_one)

    with database.writing() as session:
        add_entry(session)
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.exec(select(AuditEntry.at)).one() == 51.0


def test_a_deadlock_is_tried_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.writing() as session:
        add_entry(session, "one")
        add_entry(session, "two")
    both_hold_one = threading.Barrier(2, timeout=20)
    tries = []

    def touch(first: str, second: str) -> None:
        def work(session: Session) -> None:
            tries.append(first)
            session.exec(select(AuditEntry).where(AuditEntry.act == first).with_for_update()).one()
            if len(tries) <= 2:
                both_hold_one.wait()
            session.exec(select(AuditEntry).where(AuditEntry.act == second).with_for_update()).one()

        database.transact(work)

    threads = [
        threading.Thread(target=touch, args=names) for names in (("one", "two"), ("two", "one"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.close()
    assert len(tries) >= 3


def test_a_database_that_is_away_is_said_with_the_cure() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(DatabaseError, match="DATABASE_URL"):
        database.check()
    with pytest.raises(DatabaseError, match="waits and goes on"):
        database.transact(add_entry)
    database.close()


@pytest.mark.parametrize(
    "url", ["rubbish", "", "mysql://foo", "postgresql+asyncpg://foo", "postgresql://hush@h:port/x"]
)
def test_a_url_of_no_database_of_ours_is_said_with_those_that_are(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///.*postgresql://") as caught:
        Database(url)
    assert "hush" not in str(caught.value)


def test_what_an_import_makes_for_itself_goes_with_its_connection(database: Database) -> None:
    for _ in range(2):
        with database.importing() as sessions:
            for session in sessions:
                session.execute(text("CREATE TEMPORARY TABLE scratch (id INTEGER)"))
                session.commit()
    with database.writing() as session, pytest.raises(DBAPIError, match="scratch"):
        session.execute(text("SELECT 1 FROM scratch"))


def test_a_sqlite_file_is_not_opened_anew_for_each_transaction(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    opened: list[object] = []
    event.listen(database.engine, "connect", lambda connection, _: opened.append(connection))
    for _ in range(3):
        database.transact(add_entry)
    database.close()
    assert len(opened) == 1


def test_threads_take_turns_at_a_sqlite_file_and_never_find_it_locked(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.database.BUSY_TIMEOUT_MS", 0)  # SQLite would refuse at once
    database = Database(sqlite_url)

    def add(number: int) -> None:
        with database.writing() as session:
            add_entry(session, str(number))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(80)))

    assert count(database) == 80
    database.close()


def test_a_writer_that_failed_leaves_the_next_its_turn(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(RuntimeError):
        write_and_fail(database)
    with database.writing() as session:
        add_entry(session)
    assert count(database) == 1
    database.close()


def test_a_sqlite_that_is_too_old_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(ConfigurationError, match=r"3\.34\.1; 3\.36 or later .* PostgreSQL"):
        Database("sqlite://")
