"""PostgreSQL's WAL writer, kept awake while rows come in bulk.

Whatever a transaction changes goes to the log (WAL), which lies in a few megabytes of memory until
it is written: 4 with the settings that PostgreSQL comes with, a fifteenth of a second's work of an
import. Once they are full, whoever changes something writes a page of 8 kB to disk before they go
on, and two connections wait for each other at each. The WAL writer would have written them a
megabyte at a time, while the others went on; but it sleeps for 200 ms, "unless woken up sooner by an
asynchronously committing transaction" (PostgreSQL manual, `wal_writer_delay`). So we commit one.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

SECONDS = 0.01
"""Between two commits: an import changes half a megabyte meanwhile, and the WAL writer gets up for
one (`wal_writer_flush_after`)."""
COMMIT = "SELECT pg_current_xact_id()"
"""The least that is a commit for the log: a transaction that has a number, 34 bytes."""


@contextmanager
def kept_awake(engine: Engine) -> Iterator[None]:
    """Commit nothing, now and then, on a connection and a thread of its own, until the end."""
    over = threading.Event()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # what is set goes with it, not back to the pool
        connection.exec_driver_sql("SET synchronous_commit = off")
        waking = threading.Thread(target=_commit, args=(connection, over), daemon=True)
        waking.start()
        try:
            yield
        finally:
            over.set()
            waking.join()


def _commit(connection: Connection, over: threading.Event) -> None:
    """Where the server is gone, so is the need: those who work with it will say so."""
    try:
        while not over.wait(SECONDS):
            connection.exec_driver_sql(COMMIT)
    except DBAPIError:
        return
