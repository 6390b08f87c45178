"""Staging on SQLite: a temporary table in the importing connection (`staging.py`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from subscribers.sorting import Row
from subscribers.staged_reader import TIMES, Constants, raw, view


class SqliteStaging:
    """A temporary table of the connection that imports."""

    @staticmethod
    def prepare(session: Session) -> Mapping[str, Any]:
        run = raw(session.get_bind()).execute
        kept = {name: run(f"PRAGMA {name}").fetchone()[0] for name in _BULK}
        for name, value in _BULK.items():
            run(f"PRAGMA {name} = {value}")
        return kept

    @staticmethod
    def restore(session: Session, kept: Mapping[str, Any]) -> None:
        for name, value in kept.items():
            raw(session.get_bind()).execute(f"PRAGMA {name} = {value}")

    def __init__(self, session: Session, columns: Sequence[str], constants: Constants) -> None:
        self._session = session
        typed = ", ".join(f"{name} {_TYPES.get(name, '')}" for name in columns)
        for statement in (
            "DROP VIEW IF EXISTS temp.staged_reader",
            "DROP TABLE IF EXISTS temp.staged_row",
            f"CREATE TEMP TABLE staged_row (new_id INTEGER PRIMARY KEY, known_id, {typed})",
            view(columns, constants, _TYPES),
        ):
            session.execute(text(statement))
        names, row = ", ".join(columns), f"(?{', ?' * (len(columns) - 1)})"
        insert = f"INSERT INTO temp.staged_row ({names}) VALUES "  # noqa: S608
        self._insert, self._insert_many = insert + row, insert + ", ".join([row] * _AT_ONCE)
        self._first = (
            f"INSERT INTO temp.staged_row (new_id, {names}) SELECT {_NEXT_ID}{', ?' * len(columns)}"
        )

    def fill(self, rows: Sequence[Row]) -> None:
        # The transaction is immediate: nobody else takes ids before it ends.
        connection = raw(self._session.connection())
        connection.execute("DELETE FROM temp.staged_row")
        if not rows:
            return
        connection.execute(self._first, rows[0].split("\t"))  # the others' ids follow on
        whole = len(rows) - (len(rows) - 1) % _AT_ONCE
        many = (
            "\t".join(rows[begin : begin + _AT_ONCE]).split("\t")
            for begin in range(1, whole, _AT_ONCE)
        )
        connection.executemany(self._insert_many, many)
        connection.executemany(self._insert, [row.split("\t") for row in rows[whole:]])


# Not max(id): the highest may have been given, and its row deleted since.
_NEXT_ID = "coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'subscriber'), 0) + 1"
_AT_ONCE = 20
"""Rows in one statement: a third quicker than one. Older SQLites take 999 values at most."""

# A commit that is not synchronised may be lost with the power, and never in parts (WAL).
_BULK = {"synchronous": 1, "wal_autocheckpoint": 16_000}
_TYPES = dict.fromkeys(TIMES, "REAL")
