"""A database to measure with: a file of its own, or one that was given and is empty."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from sqlalchemy import inspect, select

from newsletter.bench.errors import NotEmpty
from newsletter.database import Database
from newsletter.migrate import alembic_config, upgrade
from newsletter.tables import metadata

ALEMBIC = "alembic_version"


@contextmanager
def scratch_database(url: str | None, folder: Path) -> Iterator[Database]:
    """Yield a migrated database without a row.

    Without a URL it is a SQLite file in `folder`. One that was given is left as it was found,
    empty. Raises NotEmpty before anything is touched.
    """
    if url is None:
        with _migrated(f"sqlite:///{folder / 'bench.sqlite3'}") as database:
            yield database
        return
    had_tables = _require_empty(url)
    try:
        with _migrated(url) as database:
            yield database
    finally:
        command.downgrade(alembic_config(url), "base")
        if had_tables:
            upgrade(url)


def described(database: Database) -> str:
    """Which database it is, and how sure it makes of its disk: what a figure depends on."""
    with database.reading() as session:
        ask = session.connection().exec_driver_sql
        if database.is_sqlite:
            return f"SQLite {ask('SELECT sqlite_version()').scalar_one()}"
        version, fsync, commit = (ask(f"SHOW {name}").scalar_one() for name in _TELLING)
        return f"PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}"


_TELLING = ("server_version", "fsync", "synchronous_commit")


@contextmanager
def _migrated(url: str) -> Iterator[Database]:
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def _require_empty(url: str) -> bool:
    """Return whether our tables are there already; raise NotEmpty for a row or a strange table."""
    database = Database(url)
    try:
        database.check()
        found = set(inspect(database.engine).get_table_names()) - {ALEMBIC}
        strange = sorted(found - metadata.tables.keys())
        if strange:
            raise _not_empty(f"a table {strange[0]} that is not ours")
        with database.reading() as session:
            for table in metadata.sorted_tables:
                if table.name in found and session.execute(select(1).select_from(table)).first():
                    raise _not_empty(f"rows in {table.name}")
    finally:
        database.close()
    return bool(found)


def _not_empty(what: str) -> NotEmpty:
    return NotEmpty(
        f"The database given holds {what}. A measurement fills and empties its database: "
        "give it an empty one, or none for a SQLite file of its own."
    )
