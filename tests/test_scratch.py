"""The PostgreSQL database that tests share is as new for each, whatever the last one has left."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.scratch import Scratch

TOKEN = "INSERT INTO api_token (name, hash, created_at) VALUES ('a', 'b', 0) RETURNING id"


@pytest.fixture
def scratch(postgres_server: str, postgres_template: str) -> Iterator[Scratch]:
    made = Scratch(postgres_server, postgres_template)
    yield made
    made.drop()


def first_number(scratch: Scratch) -> int:
    """Store a row in a table that must be empty; return the number it gets."""
    with psycopg.connect(scratch.url) as connection:
        assert connection.execute("SELECT FROM api_token").fetchall() == []
        ((number,),) = connection.execute(TOKEN)
        return int(number)


def test_rows_go_and_numbers_begin_anew_in_the_same_database(scratch: Scratch) -> None:
    url = scratch.url
    assert first_number(scratch) == 1

    scratch.clean()

    assert first_number(scratch) == 1
    assert scratch.url == url


def test_numbers_that_were_rolled_back_begin_anew_too(scratch: Scratch) -> None:
    with closing(psycopg.connect(scratch.url)) as connection:
        connection.execute(TOKEN)

    scratch.clean()

    assert first_number(scratch) == 1


def test_a_transaction_left_open_does_not_reach_the_next_test(scratch: Scratch) -> None:
    url = scratch.url
    with closing(psycopg.connect(url)) as left:
        left.execute(TOKEN)

        scratch.clean()

        assert scratch.url != url
        assert first_number(scratch) == 1
        with pytest.raises(psycopg.OperationalError):
            left.execute(TOKEN)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE api_token ADD COLUMN more text",
        "ALTER TABLE api_token DROP CONSTRAINT api_token_pkey",
        "DROP TABLE api_token",
        "CREATE TABLE another (id int)",
        "CREATE INDEX another ON api_token (name)",
    ],
)
def test_changed_tables_are_made_anew(scratch: Scratch, change: str) -> None:
    with psycopg.connect(scratch.url) as connection:
        connection.execute(change)

    scratch.clean()

    with psycopg.connect(scratch.url) as connection:
        columns = connection.execute("SELECT * FROM api_token").description
        assert columns is not None
        assert [column.name for column in columns][-1] == "revoked_at"
        assert connection.execute("SELECT to_regclass('another')").fetchone() == (None,)


def test_a_connection_that_a_test_has_cut_is_opened_again(scratch: Scratch) -> None:
    with psycopg.connect(scratch.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    scratch.clean()

    assert first_number(scratch) == 1
