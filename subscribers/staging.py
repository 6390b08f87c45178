"""Where a chunk of a file lies while it is merged: out of the way of everybody else.

A temporary table `staged_row` holds what differs from row to row, and a temporary view
`staged_reader` adds what is the same for all: it costs nothing a row. Both are gone with the
connection, and no lock on them lets anyone wait. A chunk stands there for one transaction. Each database has its own way to fill it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection
from sqlmodel import Session

from subscribers.postgres_staging import PostgresStaging
from subscribers.sorting import Row
from subscribers.sqlite_staging import SqliteStaging
from subscribers.staged_reader import Constants


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


_KINDS: Mapping[str, type[SqliteStaging | PostgresStaging]] = {
    "sqlite": SqliteStaging,
    "postgresql": PostgresStaging,
}
