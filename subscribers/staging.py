"""Where a chunk of a file lies while it is merged: out of the way of everybody else.

A table `staged_row` holds what differs from row to row, and a view `staged_reader` adds what is
the same for all: it costs nothing a row. Only the importing connection sees them, both are gone
with it, and no lock on them lets anyone wait. A chunk stands there for one transaction. Each
database has its own way to fill it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlmodel import Session

from subscribers.postgres_staging import PostgresStaging
from subscribers.sorting import Row
from subscribers.sqlite_staging import SqliteStaging
from subscribers.staged_reader import Constants

Fill = Callable[[], Any]
"""Puts a chunk in the place of the one before: the first act of the transaction that merges it."""


class Staging(Protocol):
    """The view `staged_reader`: the columns of `rows.py`, and two for the readers' ids.

    `new_id` is the id that the reader will have if there is none yet; `known_id` that of the
    reader that there is, once it was looked up (`merge.py`).
    """

    def make_ready(self, rows: Sequence[Row]) -> Fill:
        """Do what can be done for a chunk, in the order of its keys, while another is merged."""
        ...

    def close(self) -> None:
        """Leave the connection as it was, outside of a transaction or in one."""
        ...


@contextmanager
def open_staging(
    session: Session,
    columns: Sequence[str],
    constants: Constants,
    checkpoint: Callable[[], None],
) -> Iterator[Staging]:
    """Set it up; `columns` are those of the rows, `constants` the others' values.

    The session must be bound to one connection, which is set up for bulk work until the end:
    less is synchronised, since whatever a power cut takes away is imported again, all of it.
    `checkpoint` commits.
    """
    bind = session.get_bind()
    if not isinstance(bind, Connection):
        raise TypeError("An import needs a session that keeps one connection: Session(connection).")
    checkpoint()
    staging = _KINDS[bind.dialect.name](session, columns, constants)
    try:
        checkpoint()  # a chunk that is rolled back must not take the table with it
        yield staging
    finally:
        session.rollback()  # what an exception left; all that counts has been committed
        staging.close()
        session.commit()


_KINDS: Mapping[str, type[SqliteStaging | PostgresStaging]] = {
    "sqlite": SqliteStaging,
    "postgresql": PostgresStaging,
}
