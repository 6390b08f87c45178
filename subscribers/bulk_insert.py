"""Many rows into a table by one statement, on either database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import Session

from subscribers.upsert import INSERTS


class BulkInsert:
    """Inserts many rows by one statement, which is built once, with one parameter.

    The rows go to the database as a JSON array: a parameter for each value would take longer to
    write into the statement than the database takes to store them.

    Args:
        columns: those that are given for each row.
        key: the columns of a unique index, where a row may be there already.
        change: what then becomes of it, by column. A change that leaves it as it is locks the row
            all the same, and lets it be returned.
        returning: of each row as it then is.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        key: Sequence[str] = (),
        change: Mapping[str, ColumnElement[Any]] | None = None,
        returning: Sequence[Column[Any]] = (),
    ) -> None:
        self._statements: dict[str, UpdateBase] = {}
        for dialect, insert_into in INSERTS.items():
            given = _GIVEN[dialect](table, columns)
            statement = insert_into(table).from_select(columns, given, include_defaults=False)
            if change:
                statement = statement.on_conflict_do_update(index_elements=key, set_=dict(change))
            self._statements[dialect] = statement.returning(*returning) if returning else statement

    def run(self, session: Session, rows: Sequence[dict[str, object]]) -> Sequence[Row[Any]]:
        """Insert rows, no two with the same key; return what then is there.

        Who locks many does so in one order with everybody else: give them sorted by the key.
        """
        if not rows:
            return []
        statement = self._statements[session.get_bind().dialect.name]
        values = {"rows": orjson.dumps(rows).decode()}
        result = session.connection().execute(statement, values)
        return result.all() if result.returns_rows else []


_ROWS = bindparam("rows", type_=Text)


def _given_to_postgresql(table: Table, columns: Sequence[str]) -> Select[Any]:
    typed = (column(name, table.c[name].type) for name in columns)
    read = func.json_to_recordset(cast(_ROWS, JSON)).table_valued(*typed)
    given = read.render_derived(name="given", with_types=True)
    return select(*(given.c[name] for name in columns))


def _given_to_sqlite(_table: Table, columns: Sequence[str]) -> Select[Any]:
    given = func.json_each(_ROWS).table_valued("value", name="given")
    paths: Iterator[ColumnElement[str]] = (literal_column(f"'$.{name}'") for name in columns)
    fields = (func.json_extract(given.c.value, path) for path in paths)
    return select(*fields).where(text("true"))  # or ON CONFLICT would be read as a join's ON


_GIVEN: Mapping[str, Callable[[Table, Sequence[str]], Select[Any]]] = {
    "postgresql": _given_to_postgresql,
    "sqlite": _given_to_sqlite,
}


def offered(name: str) -> ColumnElement[Any]:
    """What the row that was to be inserted has in a column."""
    return literal_column(f"excluded.{name}")
