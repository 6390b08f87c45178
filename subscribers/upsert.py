"""INSERT … ON CONFLICT, which SQLite and PostgreSQL write alike and SQLAlchemy keeps apart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

Insert = postgresql.Insert | sqlite.Insert


_INSERTS: Mapping[str, Callable[[Table], Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


class Upsert:
    """Many rows in one statement, which is built once and returns what then is there.

    `change`: what becomes of a row that was there, by column. A change that leaves it as it is
    locks the row all the same, and lets it be returned.
    """

    def __init__(
        self,
        table: Table,
        *,
        key: str,
        change: Mapping[str, ColumnElement[Any]],
        returning: Sequence[Column[Any]],
    ) -> None:
        self._statements = {
            name: insert_into(table)
            .on_conflict_do_update(index_elements=key.split(), set_=dict(change))
            .returning(*returning)
            for name, insert_into in _INSERTS.items()
        }

    def run(self, session: Session, rows: Sequence[Mapping[str, object]]) -> Sequence[Row[Any]]:
        """Insert the rows, no two with the same key, or change those that are there.

        Who locks many does so in one order with everybody else: give them sorted by the key.
        """
        if not rows:
            return []
        statement = self._statements[session.get_bind().dialect.name]
        return session.connection().execute(statement, [dict(row) for row in rows]).all()


def offered(name: str) -> ColumnElement[Any]:
    """What the row that was to be inserted has in a column."""
    return literal_column(f"excluded.{name}")


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
    return _INSERTS[session.get_bind().dialect.name](table)
