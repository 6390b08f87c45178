"""Two at once on PostgreSQL, without sleeping: it says itself that somebody waits for a lock."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session

from newsletter.database import Database

Act = Callable[[Session], Any]

on_postgresql = pytest.mark.parametrize("fresh_url", ["postgres"], indirect=True)
"""For a module's `pytestmark`: SQLite has one writer at a time, there is nothing to try."""

WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_until_blocked(database: Database) -> None:
    """Return once another session waits for a lock that somebody holds."""
    with database.engine.connect() as connection:
        for _ in range(10_000):
            if connection.exec_driver_sql(WAITING).scalar_one():
                return
            connection.rollback()
    raise AssertionError("nobody had to wait: the two did not want the same thing")


def overlap(database: Database, first: Act, second: Act) -> None:
    """Begin `second` once `first` has done its work and not yet committed."""
    acted = threading.Event()

    def follow() -> None:
        acted.wait(10)
        with database.writing() as session:
            second(session)

    with ThreadPoolExecutor(1) as others:
        with database.writing() as session:
            first(session)
            following = others.submit(follow)
            acted.set()
            wait_until_blocked(database)
        following.result(10)
