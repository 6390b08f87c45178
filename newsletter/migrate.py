"""Bring a database's tables to this version."""

from contextlib import closing, suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from newsletter.database import Database
from newsletter.errors import DatabaseError

SCRIPTS = Path(__file__).parent / "migrations"


def alembic_config(url: str) -> Config:
    """Alembic's configuration for a database; scripts are package data."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database_url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Create or upgrade every table; can be repeated.

    Raises:
        DatabaseError: the database does not answer.
    """
    with closing(Database(url)) as database:
        _create_private(database.engine.url)
        database.check()
    command.upgrade(alembic_config(url), revision)


def _create_private(url: URL) -> None:
    """Make a SQLite file that only its owner can read: it will hold every reader.

    SQLite would make it as the umask says; its log and index get the file's own rights. What can't
    be made here, the first look at the database tells.
    """
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        with suppress(OSError):
            Path(url.database).touch(mode=0o600, exist_ok=False)


def why_not_ready(database: Database) -> str:
    """Why nothing can work with the database now; empty where it answers with our tables."""
    try:
        database.check()
        current = is_current(database)
    except (DatabaseError, OperationalError):
        return "the database does not answer"
    if not current:
        return "the database has the tables of another version: run newsletter migrate"
    return ""


def is_current(database: Database) -> bool:
    """Whether the database has the tables of this version."""
    wanted = ScriptDirectory(str(SCRIPTS)).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == wanted
