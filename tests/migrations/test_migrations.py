"""The migrations make exactly the tables that the models describe, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from newsletter.database import Database
from newsletter.migrate import SCRIPTS, alembic_config, is_current, upgrade
from newsletter.tables import metadata


@pytest.fixture(params=["sqlite", "postgres"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    url = f"sqlite:///{tmp_path / 'bare.sqlite3'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        command.downgrade(alembic_config(url), "base")
    opened = Database(url)
    yield opened
    opened.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_up_and_down_leaves_nothing_behind(bare: Database) -> None:
    assert tables(bare) == set()
    upgrade(bare.url)
    assert tables(bare) == set(metadata.tables)
    assert is_current(bare)

    command.downgrade(alembic_config(bare.url), "base")

    assert tables(bare) == set()
    assert not is_current(bare)


def test_migrating_twice_changes_nothing(bare: Database) -> None:
    upgrade(bare.url)
    upgrade(bare.url)

    assert is_current(bare)


def test_the_migrated_tables_are_those_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory(str(SCRIPTS)).get_heads()) == 1


def test_only_its_owner_can_read_a_new_sqlite_file(tmp_path: Path) -> None:
    """It holds every reader; what lies there already keeps the rights that somebody gave it."""
    new, old = tmp_path / "new.sqlite3", tmp_path / "old.sqlite3"
    old.touch()
    old.chmod(0o640)
    for path in (new, old):
        upgrade(f"sqlite:///{path}")
    assert [oct(path.stat().st_mode & 0o777) for path in (new, old)] == ["0o600", "0o640"]
