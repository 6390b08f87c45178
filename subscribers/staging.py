"""Where a chunk of a file lies while it is merged: out of the way of everybody else.

A temporary table `staged_row` holds what differs from row to row, and a temporary view
`staged_reader` adds what is the same for all: it costs nothing a row. Both are gone with the
connection, and no lock on them lets anyone wait. A chunk stands there for one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, text
from sqlmodel import Session

from subscribers.sorting import Row

Constants = Mapping[str, str]


class Staging(Protocol):
    """The view `staged_reader`: the columns of `rows.py`, and two for the readers' ids.

    `new_id` is the id that the reader will have if there is none yet; `known_id` that of the
    reader that there is, once it was looked up (`merge.py`).
    """

    def fill(self, rows: Sequence[Row]) -> None:
        """Put these rows, in the order of their keys, in the place of those before."""
        ...


@contextmanager
def open_staging(
    session: Session,
    columns: Sequence[str],
    constants: Constants,
    checkpoint: Callable[[], None],
) -> Iterator[Staging]:
    """Make the table; `columns` are those of the rows, `constants` the others' values.

    The session must be bound to one connection, which is set up for bulk work until the end:
    less is synchronised, since whatever a power cut takes away is imported again, all of it.
    `checkpoint` commits.
    """
    bind = session.get_bind()
    if not isinstance(bind, Connection):
        raise TypeError("An import needs a session that keeps one connection: Session(connection).")
    checkpoint()
    kind = _KINDS[bind.dialect.name]
    kept = kind.prepare(session)
    checkpoint()
    try:
        staging = kind(session, columns, constants)
        checkpoint()  # a chunk that is rolled back must not take the table with it
        yield staging
    finally:
        session.rollback()  # what an exception left; all that counts has been committed
        kind.restore(session, kept)
        session.commit()


class _SqliteStaging:
    @staticmethod
    def prepare(session: Session) -> Mapping[str, Any]:
        run = _raw(session.get_bind()).execute
        kept = {name: run(f"PRAGMA {name}").fetchone()[0] for name in _SQLITE_BULK}
        for name, value in _SQLITE_BULK.items():
            run(f"PRAGMA {name} = {value}")
        return kept

    @staticmethod
    def restore(session: Session, kept: Mapping[str, Any]) -> None:
        for name, value in kept.items():
            _raw(session.get_bind()).execute(f"PRAGMA {name} = {value}")

    def __init__(self, session: Session, columns: Sequence[str], constants: Constants) -> None:
        self._session = session
        typed = ", ".join(f"{name} {_SQLITE_TYPES.get(name, '')}" for name in columns)
        for statement in (
            "DROP VIEW IF EXISTS temp.staged_reader",
            "DROP TABLE IF EXISTS temp.staged_row",
            f"CREATE TEMP TABLE staged_row (new_id INTEGER PRIMARY KEY, known_id, {typed})",
            _view(columns, constants, _SQLITE_TYPES),
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
        connection = _raw(self._session.connection())
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
_SQLITE_BULK = {"synchronous": 1, "wal_autocheckpoint": 16_000}


class _PostgresStaging:
    @staticmethod
    def prepare(session: Session) -> Mapping[str, Any]:
        for name, value in _POSTGRES_BULK.items():
            session.execute(text(f"SET {name} = {value}"))
        return _POSTGRES_BULK

    @staticmethod
    def restore(session: Session, kept: Mapping[str, Any]) -> None:
        for name in kept:
            session.execute(text(f"RESET {name}"))
        session.execute(text("DROP TABLE IF EXISTS pg_temp.staged_row CASCADE"))

    def __init__(self, session: Session, columns: Sequence[str], constants: Constants) -> None:
        self._session = session
        typed = ", ".join(f"{name} {_staged_type(name)}" for name in columns)
        for statement in (
            "DROP TABLE IF EXISTS pg_temp.staged_row CASCADE",
            _POSTGRES_TABLE.format(columns=typed, sequence=_sequence(session)),
            _view(columns, constants, _POSTGRES_TYPES),
        ):
            session.execute(text(statement))
        self._copy = f"COPY staged_row ({', '.join(columns)}) FROM STDIN"

    def fill(self, rows: Sequence[Row]) -> None:
        connection = _raw(self._session.connection())
        with connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.write("\n".join(rows).replace("\\", r"\\"))


def _sequence(session: Session) -> str:
    """Find the sequence of the readers' ids, once: a default looks it up for every row."""
    named = text("SELECT pg_get_serial_sequence('subscriber', 'id')")
    return str(session.execute(named).scalar_one())


def _staged_type(name: str) -> str:
    return "text" if name in _NULL_IF_EMPTY else _POSTGRES_TYPES.get(name, "text")


_POSTGRES_TABLE = """
    CREATE TEMPORARY TABLE staged_row (
        new_id bigint DEFAULT nextval('{sequence}'::regclass),
        known_id bigint,
        {columns}
    ) ON COMMIT DELETE ROWS
"""

# Plans made for tables that were small go wrong while they grow; staged rows look up what is
# theirs by index, and nothing is scanned for them.
_POSTGRES_BULK = {
    "synchronous_commit": "off",
    "plan_cache_mode": "force_custom_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


_TIMES = ("created_at", "confirmed_at", "paused_until", "ended_at")
_NULL_IF_EMPTY = frozenset(("email", "confirmed_at", "paused_until", "ended_at"))
_SQLITE_TYPES = dict.fromkeys(_TIMES, "REAL")
_POSTGRES_TYPES = {
    "attributes": "jsonb",
    "tags": "jsonb",
    **dict.fromkeys(_TIMES, "double precision"),
}


def _view(columns: Sequence[str], constants: Constants, types: Mapping[str, str]) -> str:
    """The view's statement: every column of its own type. No constant has a quote in it."""

    def typed(name: str, value: str) -> str:
        value = f"nullif({value}, '')" if name in _NULL_IF_EMPTY else value
        return (
            f"CAST({value} AS {types[name]}) AS {name}" if name in types else f"{value} AS {name}"
        )

    selected = [
        "new_id",
        "known_id",
        *(typed(name, name) for name in columns),
        *(typed(name, f"'{value}'") for name, value in constants.items()),
    ]
    return f"CREATE TEMPORARY VIEW staged_reader AS SELECT {', '.join(selected)} FROM staged_row"  # noqa: S608


def _raw(connection: Engine | Connection) -> Any:
    """The driver's own connection, in the transaction that SQLAlchemy began."""
    assert isinstance(connection, Connection)
    return connection.connection.dbapi_connection


_KINDS: Mapping[str, type[_SqliteStaging | _PostgresStaging]] = {
    "sqlite": _SqliteStaging,
    "postgresql": _PostgresStaging,
}
