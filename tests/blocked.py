"""Waiting, without sleeping, until PostgreSQL itself says that somebody waits for a lock."""

from newsletter.database import Database

WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_until_blocked(database: Database) -> None:
    """Return once another session waits for a lock that somebody holds."""
    with database.engine.connect() as connection:
        for _ in range(10_000):
            if connection.exec_driver_sql(WAITING).scalar_one():
                return
            connection.rollback()
    raise AssertionError("nobody had to wait: the two did not want the same thing")
