"""The database: SQLite in one file, or PostgreSQL; the same code above either.

Times are UTC seconds since 1970 as doubles, so that both databases calculate with them alike,
and the ledger takes them from the database's own clock (`db_now`).
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Float
from sqlmodel import Session

from newsletter import wal_writer
from newsletter.errors import ConfigurationError, DatabaseError

BUSY_TIMEOUT_MS = 15_000
TURN_SECONDS = 15.0
"""How long a thread waits for the others of its process before it tries its luck with SQLite."""
STALLED_MS = 10_000
"""PostgreSQL ends a transaction that does nothing for so long: a process that was stopped in the
middle of one (SIGSTOP, a frozen machine) must not hold its locks for ever."""
ATTEMPTS = 5
CACHE_KIB, BULK_CACHE_KIB = 4_000, 32_000
"""A SQLite connection's page cache: what is kept open has a small one, bulk work a larger."""
SQLITE_KEPT, SQLITE_MOST = 4, 64
"""Connections to a SQLite file: kept open, and open at once."""
SQLITE_AT_LEAST = (3, 36)
"""RETURNING came with 3.35, databases in memory that two connections share with 3.36."""
IMPORT_HANDS = 2
"""Connections to PostgreSQL that store an import's chunks: its work is divided between two
processors, and the rest of the site keeps those that are left."""
DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}
AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)

T = TypeVar("T")


class db_now(GenericFunction[float]):  # noqa: N801 - reads as SQL
    """The database's clock, UTC seconds since 1970 (microseconds on PostgreSQL, ~ms on SQLite)."""

    type = Float(53)
    inherit_cache = True


@compiles(db_now, "sqlite")
def _sqlite_now(_element: db_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(db_now, "postgresql")
def _postgresql_now(_element: db_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


class Database:
    """Two kinds of session over one engine.

    `reading()` sees one snapshot and never waits for a writer. `writing()` takes SQLite's write
    lock at once (BEGIN IMMEDIATE): a deferred transaction that turns to writing later fails at
    once, whatever the busy timeout says.

    Raises:
        ConfigurationError: the URL names neither.
    """

    def __init__(self, url: str) -> None:
        self.url = _checked(_with_driver(url))
        self.engine = _create_engine(self.url)
        self._writing_engine = self.engine.execution_options(begin="BEGIN IMMEDIATE")
        self._writer = threading.Lock()
        self._writing_thread: int | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def missing_file(self) -> Path | None:
        """The SQLite file, where it is not there: to connect would make an empty one."""
        file = self.engine.url.database
        if not self.is_sqlite or not file or file == ":memory:" or Path(file).exists():
            return None
        return Path(file)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that is never committed."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session; commit at the end of the block, roll back on an exception."""
        with self._turn(), Session(self._writing_engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the other threads that write to a SQLite file, of which only one can.

        SQLite itself would let them sleep and look again, ever longer: the file would lie idle
        between two writers, and who came first would come last. Whoever waits too long goes on,
        and is told by SQLite. One session inside another would wait for itself: RuntimeError.
        """
        me = threading.get_ident()
        if self._writing_thread == me:
            raise RuntimeError("This thread is writing to the database already.")
        mine = self.is_sqlite and self._writer.acquire(timeout=TURN_SECONDS)
        if mine:
            self._writing_thread = me
        try:
            yield
        finally:
            if mine:
                self._writing_thread = None
                self._writer.release()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Yield a writing session whose statements all see the same moment.

        SQLite's always do; PostgreSQL's only in REPEATABLE READ, where a row that somebody else
        changed meanwhile ends the transaction (`transact` tries it again).
        """
        with self.writing() as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def importing(self) -> Iterator[Sequence[Session]]:
        """Yield writing sessions for bulk work that commits in chunks: as many as get on together.

        Each keeps one connection, and with it its temporary tables.
        """
        with ExitStack() as stack:
            hands = 1 if self.is_sqlite else IMPORT_HANDS
            if not self.is_sqlite:
                stack.enter_context(wal_writer.kept_awake(self.engine))
            yield [stack.enter_context(self._keeping_connection()) for _ in range(hands)]

    @contextmanager
    def _keeping_connection(self) -> Iterator[Session]:
        with (
            self._writing_engine.connect() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            connection.detach()  # what it has attached and made goes with it, not back to the pool
            if self.is_sqlite:
                # Past SQLAlchemy, which would begin a transaction that no commit of ours ends.
                connection.connection.execute(f"PRAGMA cache_size=-{BULK_CACHE_KIB}")
            yield session
            session.commit()

    def transact(self, work: Callable[[Session], T], *, snapshot: bool = False) -> T:
        """Run `work` in a writing transaction, and again where it lost a deadlock or waited in vain.

        `work` must change nothing but the database. `snapshot`: its statements see one moment.

        Raises:
            DatabaseError: the database does not answer.
        """
        for attempt in range(ATTEMPTS):
            try:
                with self.snapshot() if snapshot else self.writing() as session:
                    return work(session)
            except AWAY as error:
                if attempt == ATTEMPTS - 1 or not _is_passing(error):
                    raise _away(error) from error
        raise AssertionError("unreachable")

    def check(self) -> None:
        """Raise DatabaseError, with the cure, where the database does not answer."""
        try:
            with self.reading() as session:
                session.connection().exec_driver_sql("SELECT 1")
        except AWAY as error:
            raise _away(error) from error

    def now(self) -> float:
        """The database's clock, UTC seconds since 1970."""
        with self.engine.connect() as connection:
            return float(connection.execute(select(db_now())).scalar_one())

    def close(self) -> None:
        self.engine.dispose()


def _away(error: SQLAlchemyError) -> DatabaseError:
    return DatabaseError(
        f"The database does not answer ({_driver_error(error)}). Check DATABASE_URL and that the server "
        "runs; whatever was under way waits and goes on."
    )


def _is_passing(error: SQLAlchemyError) -> bool:
    """Whether another try may help: deadlock, serialisation failure, or SQLite's lock."""
    said = _driver_error(error)
    return getattr(said, "sqlstate", None) in {"40P01", "40001"} or "locked" in str(said)


def _driver_error(error: SQLAlchemyError) -> object:
    """What the driver said; where it was not asked (no connection was free), the error itself."""
    return getattr(error, "orig", error)


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _checked(url: str) -> str:
    try:
        known = make_url(url).drivername in DRIVERS
    except (ArgumentError, ValueError):  # no URL at all; or a port that is no number
        known = False
    if not known:
        # The URL itself may hold a password.
        raise ConfigurationError(
            "DATABASE_URL names no database that we know: write sqlite:///newsletter.sqlite3 or "
            "postgresql://user:password@host/name."
        )
    return url


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            connect_args={"options": f"-c idle_in_transaction_session_timeout={STALLED_MS}"},
        )
    _require_sqlite()
    engine = create_engine(
        url,
        poolclass=QueuePool,
        # Opening a file costs more than most transactions, and closing its last connection writes
        # the whole log back. Few are kept, since each has a cache of its own.
        pool_size=SQLITE_KEPT,
        max_overflow=SQLITE_MOST - SQLITE_KEPT,
        connect_args={
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "check_same_thread": False,
            "uri": True,  # a database in memory is attached by one (`subscribers.sqlite_staging`)
        },
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _require_sqlite() -> None:
    if sqlite3.sqlite_version_info < SQLITE_AT_LEAST:
        least = ".".join(map(str, SQLITE_AT_LEAST))
        raise ConfigurationError(
            f"This Python's SQLite is {sqlite3.sqlite_version}; {least} or later is needed. "
            "Take a newer Python, or PostgreSQL: DATABASE_URL=postgresql://user:password@host/name."
        )


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # Transactions are begun by us (below), not guessed by the driver.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        # What is handed to a provider must be on disk before the provider is called.
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"cache_size=-{CACHE_KIB}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN DEFERRED"))
