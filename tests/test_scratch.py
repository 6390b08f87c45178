"""The PostgreSQL database that tests share is as new for each, whatever the last one has left."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from sqlmodel import Session, select

from newsletter.database import Database
from newsletter.publications import Publication
from tests.scratch import Scratch


@pytest.fixture
def scratch(postgres_server: str, postgres_template: str) -> Iterator[Scratch]:
    made = Scratch(postgres_server, postgres_template)
    yield made
    made.drop()


def add(session: Session) -> int:
    """Store a publication; return its number."""
    one = Publication(slug="p", name="P", sender="p@p.example", postal_address="P")
    session.add(one)
    session.flush()
    return one.key


def is_as_new(scratch: Scratch) -> bool:
    """Whether nothing is there, and what is stored gets the first number."""
    with closing(Database(scratch.url)) as database, database.writing() as session:
        return session.exec(select(Publication)).all() == [] and add(session) == 1


def test_rows_go_and_numbers_begin_anew_in_the_same_database(scratch: Scratch) -> None:
    url = scratch.url
    assert is_as_new(scratch)
    assert not is_as_new(scratch)

    scratch.clean()

    assert is_as_new(scratch)
    assert scratch.url == url


def test_numbers_that_were_rolled_back_begin_anew_too(scratch: Scratch) -> None:
    with closing(Database(scratch.url)) as database, database.reading() as session:
        add(session)

    scratch.clean()

    assert is_as_new(scratch)


def test_a_transaction_left_open_does_not_reach_the_next_test(scratch: Scratch) -> None:
    url = scratch.url
    with psycopg.connect(url) as left:
        left.execute("LOCK TABLE publication")

        scratch.clean()

        assert scratch.url != url
        assert is_as_new(scratch)
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE api_token ADD COLUMN more text",
        "ALTER TABLE api_token ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE api_token DROP CONSTRAINT api_token_pkey",
        "DROP TABLE api_token",
        "CREATE TABLE another (id int)",
        "CREATE INDEX another ON api_token (name)",
    ],
)
def test_changed_tables_are_made_anew(scratch: Scratch, change: str) -> None:
    url = scratch.url
    with psycopg.connect(url) as connection:
        connection.execute(change)

    scratch.clean()

    assert scratch.url != url
    assert is_as_new(scratch)


def test_a_connection_that_a_test_has_cut_is_opened_again(scratch: Scratch) -> None:
    with psycopg.connect(scratch.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    scratch.clean()

    assert is_as_new(scratch)
