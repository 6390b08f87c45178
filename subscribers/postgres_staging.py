"""Staging on PostgreSQL: COPY into a temporary table (`staging.py`)."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import text
from sqlmodel import Session

from subscribers.sorting import Row
from subscribers.staged_reader import NULL_IF_EMPTY, TIMES, Constants, raw, view


class PostgresStaging:
    """A temporary table of the connection that imports, emptied by its commits."""

    def __init__(self, session: Session, columns: Sequence[str], constants: Constants) -> None:
        self._session = session
        typed = ", ".join(f"{name} {_staged_type(name)}" for name in columns)
        for statement in (
            *(f"SET {name} = {value}" for name, value in _BULK.items()),
            "DROP TABLE IF EXISTS pg_temp.staged_row CASCADE",
            _TABLE.format(columns=typed, sequence=_sequence(session)),
            f"CREATE TEMPORARY {view(columns, constants, _TYPES)}",
        ):
            session.execute(text(statement))
        self._copy = f"COPY staged_row ({', '.join(columns)}) FROM STDIN"

    def make_ready(self, rows: Sequence[Row]) -> Callable[[], None]:
        """Write the text that COPY reads."""
        return partial(self._fill, "\n".join(rows).replace("\\", r"\\"))

    def _fill(self, lines: str) -> None:
        connection = raw(self._session.connection())
        with connection.cursor() as cursor, cursor.copy(self._copy) as copy:
            copy.write(lines)

    def close(self) -> None:
        """Reset what was set."""
        for name in _BULK:
            self._session.execute(text(f"RESET {name}"))
        self._session.execute(text("DROP TABLE IF EXISTS pg_temp.staged_row CASCADE"))


def _sequence(session: Session) -> str:
    """Find the sequence of the readers' ids, once: a default looks it up for every row."""
    named = text("SELECT pg_get_serial_sequence('subscriber', 'id')")
    return str(session.execute(named).scalar_one())


def _staged_type(name: str) -> str:
    return "text" if name in NULL_IF_EMPTY else _TYPES.get(name, "text")


_TABLE = """
    CREATE TEMPORARY TABLE staged_row (
        new_id bigint DEFAULT nextval('{sequence}'::regclass),
        known_id bigint,
        {columns}
    ) ON COMMIT DELETE ROWS
"""

# Plans made for tables that were small go wrong while they grow; staged rows look up what is
# theirs by index, and nothing is scanned for them. To the planner, which knows nothing of staged
# rows, that looks so dear that it would compile each statement anew for each chunk.
_BULK = {
    "synchronous_commit": "off",
    "plan_cache_mode": "force_custom_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

_TYPES = {
    "attributes": "jsonb",
    "tags": "jsonb",
    **dict.fromkeys(TIMES, "double precision"),
}
