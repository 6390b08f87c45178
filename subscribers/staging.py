"""Where a file's rows lie, sorted, until they are merged: out of the way of everybody else.

The rows of a million readers in the order of a file touch every page of an index a thousand
times; sorted first, each page is written once. SQLite stages in a private file that is attached
to the connection, PostgreSQL in temporary tables that COPY fills; both are gone with the
connection, and neither holds a lock that others wait for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, text
from sqlmodel import Session

from subscribers.rows import Row

_COLUMNS = ", ".join(Row._fields)
_REST = ", ".join(Row._fields[1:])


class Staging(Protocol):
    """Rows by the thousand in, then one sorted table `staged_reader`, one row per address.

    Its columns are those of Row, and `pos` from 1 in the order of the address keys.
    """

    def append(self, rows: Sequence[Row]) -> None: ...
    def sort(self) -> int:
        """Sort and drop repeated addresses; return how many are left."""
        ...


@contextmanager
def open_staging(session: Session, checkpoint: Callable[[], None]) -> Iterator[Staging]:
    """Make room for a file beside the tables; commits by `checkpoint` what was under way.

    The session must be bound to one connection: the room goes when the connection goes.
    """
    bind = session.get_bind()
    if not isinstance(bind, Connection):
        raise TypeError("An import needs a session that keeps one connection: Session(connection).")
    checkpoint()
    if bind.dialect.name == "postgresql":
        with _postgres_staging(session) as staging:
            yield staging
        return
    with _sqlite_staging(bind) as staging:
        yield staging
        checkpoint()


class _SqliteStaging:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        marks = ", ".join("?" for _ in Row._fields)
        self._insert = f"INSERT INTO staging.raw ({_COLUMNS}) VALUES ({marks})"  # noqa: S608

    def append(self, rows: Sequence[Row]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(self._insert, rows)
        self._connection.execute("COMMIT")

    def sort(self) -> int:
        # SQLite takes the other columns from the row that has the minimum (its "bare columns").
        run = self._connection.execute
        run(
            f"INSERT INTO staging.staged_reader ({_COLUMNS}) "  # noqa: S608 - our own words
            f"SELECT min(rank), {_REST} FROM staging.raw GROUP BY email_key ORDER BY email_key"
        )
        run("DROP TABLE staging.raw")
        return int(run("SELECT count(*) FROM staging.staged_reader").fetchone()[0])


@contextmanager
def _sqlite_staging(bind: Connection) -> Iterator[_SqliteStaging]:
    connection = bind.connection.dbapi_connection
    assert connection is not None
    run: Callable[[str], Any] = connection.execute
    if any(row[1] == "staging" for row in run("PRAGMA database_list")):
        run("DETACH DATABASE staging")  # left by an import that failed
    kept = run("PRAGMA temp_store").fetchone()[0]
    run("PRAGMA temp_store = FILE")  # else a million rows are sorted in memory
    run("ATTACH DATABASE '' AS staging")
    run("PRAGMA staging.journal_mode = OFF")
    run("PRAGMA staging.cache_size = -16000")
    run(f"CREATE TABLE staging.raw ({_COLUMNS})")
    run(f"CREATE TABLE staging.staged_reader (pos INTEGER PRIMARY KEY, {_COLUMNS})")
    yield _SqliteStaging(connection)
    run("DETACH DATABASE staging")
    run(f"PRAGMA temp_store = {int(kept)}")


class _PostgresStaging:
    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, rows: Sequence[Row]) -> None:
        connection: Any = self._session.connection().connection.dbapi_connection
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY staged_raw ({_COLUMNS}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def sort(self) -> int:
        run = self._session.execute
        run(text(_SORT))
        run(text("CREATE UNIQUE INDEX ON staged_reader (pos)"))
        run(text("DROP TABLE staged_raw"))
        run(text("ANALYZE staged_reader"))
        return int(run(text("SELECT count(*) FROM staged_reader")).scalar_one())


_SORT = """
    CREATE TEMPORARY TABLE staged_reader AS
    SELECT row_number() OVER (ORDER BY email_key COLLATE "C") AS pos, * FROM (
        SELECT DISTINCT ON (email_key COLLATE "C") * FROM staged_raw
        ORDER BY email_key COLLATE "C", rank
    ) AS first
"""

_NUMBERS = ("created_at", "confirmed_at", "paused_until", "ended_at")
_TYPES = {
    "rank": "bigint",
    "attributes": "jsonb",
    "tags": "jsonb",
    **dict.fromkeys(_NUMBERS, "double precision"),
}


@contextmanager
def _postgres_staging(session: Session) -> Iterator[_PostgresStaging]:
    columns = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in Row._fields)
    session.execute(text("DROP TABLE IF EXISTS pg_temp.staged_raw, pg_temp.staged_reader"))
    session.execute(text(f"CREATE TEMPORARY TABLE staged_raw ({columns})"))
    yield _PostgresStaging(session)
    session.execute(text("DROP TABLE staged_reader"))
