"""On PostgreSQL, imports keep its WAL writer awake by commits on a connection of their own."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from sqlalchemy import Row, text

from newsletter.database import Database
from newsletter.wal_writer import COMMIT
from tests.blocked import on_postgresql

pytestmark = on_postgresql

WAKING = text("""
    SELECT pid, query_start FROM pg_stat_activity
    WHERE datname = current_database() AND query = :commit
""").bindparams(commit=COMMIT)
LOOKS = 10_000

Looks = Callable[[], Iterator[list[Row[int, datetime]]]]


@pytest.fixture
def looks(database: Database) -> Looks:
    """Look at who wakes it, as often as can be needed."""

    def look() -> Iterator[list[Row[int, datetime]]]:
        bare = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with bare as connection:
            for _ in range(LOOKS):
                yield list(connection.execute(WAKING))

    return look


def test_commits_come_again_and_again_while_an_import_works(
    database: Database, looks: Looks
) -> None:
    moments: set[datetime] = set()
    with database.importing():
        for found in looks():
            moments |= {one.query_start for one in found}
            if len(moments) == 3:
                break
    assert len(moments) == 3


def test_they_end_with_the_import(database: Database, looks: Looks) -> None:
    with database.importing():
        assert any(looks())
    assert not all(looks())


def test_an_import_goes_on_without_them(database: Database, looks: Looks) -> None:
    """Somebody may end a connection whose work they do not know."""
    with database.importing() as (hand, *_):
        waking = next(found for found in looks() if found)[0].pid
        hand.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": waking})
        assert not all(looks())
        assert hand.execute(text("SELECT 1")).scalar_one() == 1
