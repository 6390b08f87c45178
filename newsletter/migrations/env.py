"""Alembic's entry: the URL from our settings (or from `newsletter migrate`), our tables."""

from alembic import context

from newsletter.database import Database
from newsletter.settings import load_settings
from newsletter.tables import metadata


def run() -> None:
    """Migrate in one transaction; SQLite's tables are altered by copying (batch mode)."""
    url = context.config.attributes.get("database_url") or load_settings().database_url
    database = Database(url)
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=database.is_sqlite,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    database.close()


run()
