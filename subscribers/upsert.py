"""INSERT … ON CONFLICT, which SQLite and PostgreSQL write alike and SQLAlchemy keeps apart."""

from collections.abc import Callable, Mapping

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

Insert = postgresql.Insert | sqlite.Insert

INSERTS: Mapping[str, Callable[[Table], Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}
"""How an INSERT begins, by dialect."""


def add_new(session: Session, table: Table, values: Mapping[str, object], *, key: str) -> bool:
    """Insert a row unless there is one with the same `key`; tell whether it is new.

    Values go beside the statement and not into it: SQLAlchemy then takes a third of the time.
    """
    statement = insert(session, table).on_conflict_do_nothing(index_elements=key.split())
    # psycopg's count is gone with the cursor, -1 then, unless it is asked for at once.
    kept = {"preserve_rowcount": True}
    result = session.connection().execute(statement, dict(values), execution_options=kept)
    return bool(result.rowcount)


def insert(session: Session, table: Table) -> Insert:
    """Begin an INSERT in the dialect of the session's database."""
    return INSERTS[session.get_bind().dialect.name](table)
