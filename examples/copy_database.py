"""Copies everything from one database into another: `copy_database.py FROM TO`.

For the move from SQLite to PostgreSQL (docs/guides/postgresql.md). Stop every process that uses
either one, run `newsletter migrate` on the target, then this. Every id stays, and with it every
link in mails that were sent.
"""  # noqa: INP001 - a script, not a package

import sys

from sqlalchemy import Connection, Table, func, insert, select, text

from newsletter.database import Database
from newsletter.migrate import is_current
from newsletter.tables import metadata

ROWS = 5_000
"""Rows that are written at once."""


def copy(source: Database, target: Database) -> int:
    """Copy every table, parents first, in one transaction of the target; return the rows."""
    for database in (source, target):
        if not is_current(database):
            sys.exit(f"{_shown(database)}: run `newsletter migrate` on it first.")
    with source.engine.connect() as old, target.engine.begin() as new:
        for table in metadata.sorted_tables:
            if new.execute(select(table).limit(1)).first() is not None:
                sys.exit(f"{_shown(target)} is not empty: its table {table.name} has rows.")
        return sum(_copy_table(old, new, table) for table in metadata.sorted_tables)


def _copy_table(old: Connection, new: Connection, table: Table) -> int:
    copied = 0
    rows = old.execution_options(yield_per=ROWS).execute(select(table))
    for page in rows.mappings().partitions():
        new.execute(insert(table), [dict(row) for row in page])
        copied += len(page)
    if new.dialect.name == "postgresql":
        _move_sequence_on(new, table)
    print(f"{table.name}: {copied}")  # noqa: T201 - what a script is for
    return copied


def _move_sequence_on(new: Connection, table: Table) -> None:
    """Let new rows get ids after those that were copied."""
    if "id" not in table.c:
        return
    highest = new.execute(select(func.max(table.c.id))).scalar()
    if highest is not None:
        new.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :highest)"),
            {"table": table.name, "highest": highest},
        )


def _shown(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=True)


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:  # noqa: PLR2004 - from and to
        sys.exit("usage: copy_database.py FROM_URL TO_URL")
    source, target = map(Database, arguments)
    try:
        print(f"{copy(source, target)} rows copied.")  # noqa: T201
    finally:
        source.close()
        target.close()


if __name__ == "__main__":
    main(sys.argv[1:])
