"""Staging on SQLite: each chunk in a small database in memory, which the import attaches.

SQLite works without the interpreter's lock, one statement a connection: a chunk is written to
memory by a connection of its own, while the one before is merged. No file is ever there that a
crash could leave behind.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from sqlalchemy import text
from sqlmodel import Session

from subscribers.sorting import Row
from subscribers.staged_reader import TIMES, Constants, raw, view


class SqliteStaging:
    """Databases in memory, of which one is attached as `staged`: the chunk that is merged."""

    def __init__(self, session: Session, columns: Sequence[str], constants: Constants) -> None:
        self._session = session
        self._kept = {name: self._run(f"PRAGMA {name}").fetchone()[0] for name in _BULK}
        self._set(_BULK)
        self._attached = False
        self._ready: set[sqlite3.Connection] = set()
        typed = ", ".join(f"{name} {_TYPES.get(name, '')}" for name in columns)
        self._create = (
            f"CREATE TABLE staged_row (known_id, {typed})",
            "CREATE TABLE staged_after (id)",
            f"CREATE {view(columns, constants, _TYPES, _NEW_ID)}",
        )
        row = f"(?{', ?' * (len(columns) - 1)})"
        self._insert = f"INSERT INTO staged_row ({', '.join(columns)}) VALUES {row}"  # noqa: S608
        self._insert_many = self._insert + f", {row}" * (_AT_ONCE - 1)

    def make_ready(self, rows: Sequence[Row]) -> Callable[[], None]:
        """Write the rows to a database in memory, which lives as long as it is open."""
        name = f"file:/staged-{next(_NUMBERS)}?vfs=memdb"
        memory = sqlite3.connect(name, uri=True, isolation_level=None, check_same_thread=False)
        self._ready.add(memory)
        for statement in ("BEGIN", *self._create):
            memory.execute(statement)
        self._write(memory, rows)
        memory.execute("COMMIT")
        return partial(self._attach, name, memory)

    def _write(self, memory: sqlite3.Connection, rows: Sequence[Row]) -> None:
        whole = len(rows) - len(rows) % _AT_ONCE
        many = (
            "\t".join(rows[begin : begin + _AT_ONCE]).split("\t")
            for begin in range(0, whole, _AT_ONCE)
        )
        memory.executemany(self._insert_many, many)
        memory.executemany(self._insert, (row.split("\t") for row in rows[whole:]))

    def _attach(self, name: str, memory: sqlite3.Connection) -> None:
        self._detach()
        self._run("ATTACH ? AS staged", name)
        self._attached = True
        self._ready.remove(memory)
        memory.close()
        # The transaction is immediate: nobody else takes ids before it ends.
        self._session.execute(text(_GIVEN))

    def _detach(self) -> None:
        if self._attached:
            self._run("DETACH staged")
            self._attached = False

    def close(self) -> None:
        """Let go of what was made ready, and synchronise as before."""
        self._detach()
        for memory in self._ready:
            memory.close()
        self._set(self._kept)

    def _set(self, pragmas: dict[str, int]) -> None:
        for name, value in pragmas.items():
            self._run(f"PRAGMA {name} = {value}")

    def _run(self, statement: str, *values: str) -> sqlite3.Cursor:
        """Run what must not stand in a transaction: past SQLAlchemy, which would begin one."""
        connection: sqlite3.Connection = raw(self._session.get_bind())
        return connection.execute(statement, values)


_NUMBERS = count()
"""Of the databases in memory, whose names are known in the whole process."""

_NEW_ID = "(SELECT id FROM staged_after) + staged_row.rowid"
# Not max(id): the highest may have been given, and its row deleted since.
_GIVEN = """
    INSERT INTO staged.staged_after
    SELECT coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = 'subscriber'), 0)
"""
_AT_ONCE = 20
"""Rows in one statement: a third quicker than one. Older SQLites take 999 values at most."""

# A commit that is not synchronised may be lost with the power, and never in parts (WAL).
_BULK = {"synchronous": 1, "wal_autocheckpoint": 16_000}
_TYPES = dict.fromkeys(TIMES, "REAL")
