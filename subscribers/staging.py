"""Where a file's rows lie, sorted, until they are merged: out of the way of everybody else.

The rows of a million readers in the order of a file touch every page of an index a thousand
times; sorted first, each page is written once. SQLite stages in a private file that is attached
to the connection, PostgreSQL in temporary tables that COPY fills; both are gone with the
connection, and neither holds a lock that others wait for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, text
from sqlmodel import Session

from subscribers.rows import Row

Constants = Mapping[str, str | float | None]


class Staging(Protocol):
    """Rows by the thousand in, then one sorted table `staged_reader`, one row per address.

    Its columns are those of `rows.py`, and `pos` from 1 in the order of the address keys.
    """

    def append(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows; every call has the same columns."""
        ...

    def sort(self, columns: Sequence[str], constants: Constants) -> int:
        """Sort and drop repeated addresses; return how many are left.

        Of two rows for an address the one that leaves counts, else the first. `constants` become
        columns by their default: no row is touched for them.
        """
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
        self._run: Callable[..., Any] = connection.execute
        self._run_many: Callable[..., Any] = connection.executemany
        self._made = False

    def append(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        marks = ", ".join("?" for _ in columns)
        if not self._made:
            self._run(f"CREATE TABLE staging.raw ({', '.join(columns)})")
            self._made = True
        self._run("BEGIN")
        self._run_many(f"INSERT INTO staging.raw VALUES ({marks})", rows)  # noqa: S608
        self._run("COMMIT")

    def sort(self, columns: Sequence[str], constants: Constants) -> int:
        if not self._made:
            self.append(columns, ())
        names = ", ".join(columns)
        first = "rowid - (leaves << 40)" if "leaves" in columns else "rowid"
        run = self._run
        run(f"CREATE TABLE staging.staged_reader (pos INTEGER PRIMARY KEY, {names}, rank)")
        # The other columns come from the row that has the minimum (SQLite's "bare columns").
        run(
            f"INSERT INTO staging.staged_reader ({names}, rank) "  # noqa: S608 - our own words
            f"SELECT {names}, min({first}) "
            "FROM staging.raw GROUP BY email_key ORDER BY email_key"
        )
        run("DROP TABLE staging.raw")
        for name, value in constants.items():
            run(f"ALTER TABLE staging.staged_reader ADD COLUMN {name} DEFAULT {_literal(value)}")
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
    yield _SqliteStaging(connection)
    run("DETACH DATABASE staging")
    run(f"PRAGMA temp_store = {int(kept)}")


class _PostgresStaging:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._made = False

    def append(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if not self._made:
            typed = ", ".join(f"{name} {_type(name)}" for name in columns)
            self._session.execute(text(f"CREATE TEMPORARY TABLE staged_raw ({typed})"))
            self._made = True
        connection: Any = self._session.connection().connection.dbapi_connection
        with connection.cursor() as cursor, cursor.copy("COPY staged_raw FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def sort(self, columns: Sequence[str], constants: Constants) -> int:
        if not self._made:
            self.append(columns, ())
        run = self._session.execute
        first = "leaves DESC, ctid" if "leaves" in columns else "ctid"
        run(text(_SORT.format(first=first)))
        for name, value in constants.items():
            run(
                text(
                    f"ALTER TABLE staged_reader ADD COLUMN {name} {_type(name)} "
                    f"DEFAULT {_literal(value)}"
                )
            )
        run(text("CREATE UNIQUE INDEX ON staged_reader (pos)"))
        run(text("DROP TABLE staged_raw"))
        run(text("ANALYZE staged_reader"))
        return int(run(text("SELECT count(*) FROM staged_reader")).scalar_one())


# ctid is the order in which COPY wrote the rows; "C" compares bytes, which is quicker.
_SORT = """
    CREATE TEMPORARY TABLE staged_reader AS
    SELECT row_number() OVER (ORDER BY email_key COLLATE "C") AS pos, * FROM (
        SELECT DISTINCT ON (email_key COLLATE "C") * FROM staged_raw
        ORDER BY email_key COLLATE "C", {first}
    ) AS first
"""

_TYPES = {
    "leaves": "integer",
    "attributes": "jsonb",
    "tags": "jsonb",
    **dict.fromkeys(("created_at", "confirmed_at", "paused_until", "ended_at"), "double precision"),
}


def _type(column: str) -> str:
    return _TYPES.get(column, "text")


def _literal(value: str | float | None) -> str:
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, int | float) else f"'{value}'"


@contextmanager
def _postgres_staging(session: Session) -> Iterator[_PostgresStaging]:
    session.execute(text("DROP TABLE IF EXISTS pg_temp.staged_raw, pg_temp.staged_reader"))
    yield _PostgresStaging(session)
    session.execute(text("DROP TABLE staged_reader"))
