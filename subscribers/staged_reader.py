"""The view `staged_reader`: the staged rows as the merge reads them, on either database.

It adds what is the same for all rows, and gives every column its own type.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine

Constants = Mapping[str, str]

TIMES = ("created_at", "confirmed_at", "paused_until", "ended_at")
NULL_IF_EMPTY = frozenset(("email", "confirmed_at", "paused_until", "ended_at"))


def view(
    columns: Sequence[str],
    constants: Constants,
    types: Mapping[str, str],
    new_id: str = "new_id",
) -> str:
    """The view's definition: every column of its own type. No constant has a quote in it."""

    def typed(name: str, value: str) -> str:
        value = f"nullif({value}, '')" if name in NULL_IF_EMPTY else value
        return (
            f"CAST({value} AS {types[name]}) AS {name}" if name in types else f"{value} AS {name}"
        )

    selected = [
        f"{new_id} AS new_id",
        "known_id",
        *(typed(name, name) for name in columns),
        *(typed(name, f"'{value}'") for name, value in constants.items()),
    ]
    return f"VIEW staged_reader AS SELECT {', '.join(selected)} FROM staged_row"  # noqa: S608


def raw(connection: Engine | Connection) -> Any:
    """The driver's own connection, in the transaction that SQLAlchemy began."""
    assert isinstance(connection, Connection)
    return connection.connection.dbapi_connection
