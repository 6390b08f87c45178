"""A PostgreSQL database that test after test uses: emptied between two of them.

One for each test took a tenth of a second, more than most tests. Where emptying would not do,
because somebody is still connected or the tables are others, it is made anew, by another name.
"""

import threading
import time
import uuid
from collections.abc import Iterable
from typing import Any

import psycopg

CLOSING_SECONDS = 0.3
"""A connection that was closed is there until the server has noticed."""
LOOK_SECONDS = 0.002

OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
RESTART = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL
"""
# What was added or altered has a newer transaction's number; TRUNCATE leaves these alone.
# Alembic's word for them is no table of ours, is not emptied, and may be changed as well.
DEFINITIONS = "SELECT " + ", ".join(
    f"(SELECT (count(*), max(xmin::text::bigint)) FROM {catalogue})"
    for catalogue in ("pg_attribute", "pg_constraint", "pg_proc", "pg_trigger", "alembic_version")
)


class Scratch:
    """A copy of a migrated, empty database. `server` is the URL of a maintenance database."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._create()

    def clean(self) -> None:
        """Make it as it was: empty, sequences at their start, nobody else connected."""
        try:
            as_it_was = self._is_left() and self._definitions() == self._defined
            if as_it_was:
                self._empty()
        except psycopg.OperationalError:  # the test has cut us off, too
            as_it_was = False
        if not as_it_was:
            self.drop()
            self._create()

    def drop(self) -> None:
        self._own.close()
        run(self._server, f'DROP DATABASE "{self._name}" WITH (FORCE)')

    def _create(self) -> None:
        self._name = f"test_{uuid.uuid4().hex[:12]}"
        run(
            self._server,
            # Left to itself it writes every page to the log, which takes several times as long.
            f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}" STRATEGY FILE_COPY',
        )
        self.url = database_url(self._server, self._name)
        self._own = psycopg.connect(self.url, autocommit=True)
        self._defined = self._definitions()
        tables = [name for (name,) in self._own.execute(TABLES)]
        of_alembic = self._filled(tables)
        self._tables = [name for name in tables if name not in of_alembic]

    def _is_left(self) -> bool:
        """Whether everybody else is gone, or goes at once."""
        deadline = time.monotonic() + CLOSING_SECONDS
        pause = threading.Event()
        while self._own.execute(OTHERS).fetchone() != (0,):
            if time.monotonic() > deadline:
                return False
            pause.wait(LOOK_SECONDS)
        return True

    def _definitions(self) -> Any:
        return self._own.execute(DEFINITIONS).fetchone()

    def _empty(self) -> None:
        if filled := self._filled(self._tables):
            self._own.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
        self._own.execute(RESTART)

    def _filled(self, tables: Iterable[str]) -> list[str]:
        """Those that have a row."""
        looks = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
        return [name for (name,) in self._own.execute(" UNION ALL ".join(looks))]


def run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def database_url(server: str, name: str) -> str:
    """The server's URL with another database in it (`postgresql://user@/NAME?host=…`)."""
    head, mark, query = server.partition("?")
    return head.rpartition("/")[0] + f"/{name}" + mark + query
