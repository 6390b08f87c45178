"""Ids by the ten thousand in one statement, on both databases."""

from collections.abc import Collection

import pytest
from sqlalchemy import insert, select, text

from newsletter.database import Database
from subscribers.among import among
from subscribers.models import SUBSCRIBER

MORE_THAN_PARAMETERS = 70_000


@pytest.fixture
def subscriber_ids(database: Database) -> tuple[int, ...]:
    with database.writing() as session:
        rows = [{"created_at": 1.0, "attributes": {}, "tags": []} for _ in range(5)]
        session.execute(insert(SUBSCRIBER), rows)
        return tuple(session.execute(select(SUBSCRIBER.c.id)).scalars())


def find(database: Database, ids: Collection[int]) -> list[int]:
    with database.reading() as session:
        statement = select(SUBSCRIBER.c.id).where(among(SUBSCRIBER.c.id, ids))
        return sorted(session.execute(statement).scalars())


def test_who_is_among_them_is_found(database: Database, subscriber_ids: tuple[int, ...]) -> None:
    first, second, *_ = subscriber_ids
    assert find(database, {second, first}) == [first, second]


def test_the_next_ids_are_not_taken_for_the_ones_before(
    database: Database, subscriber_ids: tuple[int, ...]
) -> None:
    for one in subscriber_ids:
        assert find(database, [one]) == [one]


def test_nobody_is_among_none(database: Database, subscriber_ids: tuple[int, ...]) -> None:
    assert find(database, ()) == []


def test_there_may_be_more_ids_than_parameters(
    database: Database, subscriber_ids: tuple[int, ...]
) -> None:
    assert find(database, range(MORE_THAN_PARAMETERS)) == list(subscriber_ids)


def test_sqlite_goes_from_the_ids_to_the_rows(sqlite_url: str) -> None:
    statement = select(SUBSCRIBER.c.id).where(among(SUBSCRIBER.c.id, [1, 2]))
    database = Database(sqlite_url)
    with database.reading() as session:
        words = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {words}")).all()
    database.close()
    assert "SEARCH subscriber USING INTEGER PRIMARY KEY (rowid=?)" in {row.detail for row in plan}
