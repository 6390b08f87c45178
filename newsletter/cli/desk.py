"""What a command works with: settings, database, links, publication."""

import getpass
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlmodel import Session

from newsletter.database import Database
from newsletter.editions.library import find_edition
from newsletter.editions.models import Edition
from newsletter.errors import ConfigurationError, DatabaseError
from newsletter.logs import configure_logs
from newsletter.migrate import is_current
from newsletter.publications import Publication, find_publication
from newsletter.settings import Settings, config_path, load_settings
from newsletter.site import Site

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """An opened publication house."""

    settings: Settings
    database: Database
    site: Site
    slug: str | None = None

    def publication(self, session: Session) -> Publication:
        return find_publication(session, self.slug)

    def edition(self, session: Session, name: str) -> tuple[Publication, Edition]:
        """Look an edition up by DATE or DATE/SLUG."""
        publication = self.publication(session)
        return publication, find_edition(session, publication.key, name)

    def change(self, name: str, act: Callable[[Session, Publication, Edition], T]) -> T:
        """Run `act` on an edition in one transaction."""

        def work(session: Session) -> T:
            publication = self.publication(session)
            edition = find_edition(session, publication.key, name, lock=True)
            return act(session, publication, edition)

        return self.database.transact(work)


@contextmanager
def open_desk(slug: str | None = None) -> Iterator[Desk]:
    """Open the database that the settings name.

    Raises:
        ConfigurationError: nothing is set up in this folder.
        DatabaseError: it doesn't answer, or `newsletter migrate` has not been run.
    """
    settings = load_settings()
    configure_logs(settings.log_level)
    database = Database(settings.database_url)
    try:
        require_set_up(database)
        if file := database.missing_file:
            raise DatabaseError(no_file(file))
        database.check()
        if not is_current(database):
            raise DatabaseError(
                "The database's tables are not those of this version. Run `newsletter migrate` "
                "(or `newsletter init`, the first time)."
            )
        yield Desk(settings, database, Site.of(settings), slug)
    finally:
        database.close()


def require_set_up(database: Database) -> None:
    """Raise ConfigurationError in a folder that has neither settings nor a database."""
    config = config_path()
    given = config.is_file() or "NEWSLETTER_DATABASE_URL" in os.environ
    if database.missing_file and not given:
        raise ConfigurationError(
            f"There is no {config} here. Go to the folder that has one, name it in "
            "NEWSLETTER_CONFIG, or run `newsletter init`, the first time."
        )


def no_file(file: Path) -> str:
    return f"There is no database {file} yet. Run `newsletter init`, or `newsletter migrate`."


def actor() -> str:
    """Who acts at this terminal, for the audit log."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return "command line"


def now() -> float:
    """UTC seconds."""
    return time.time()
