"""The site on a SQLite file. The walks over both databases stand in tests/acceptance."""

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from newsletter.accounts import tokens
from newsletter.database import Database
from newsletter.settings import Settings
from tests.newsletter.web.world import NOW, Clock, World


@pytest.fixture
def fresh_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(database: Database, publication_id: int, clock: Clock) -> World:
    settings = Settings(database_url=database.url, secret_key=SecretStr("a secret of the tests"))
    return World(database, publication_id, clock, settings)


@pytest.fixture
def web(world: World) -> Iterator[httpx.Client]:
    """A client of the running site; it sends no Origin, as a tool does, unless told to."""
    with world.running() as client:
        yield client


@pytest.fixture
def api(web: httpx.Client, world: World) -> httpx.Client:
    """The same client with an editor's token."""
    made = world.database.transact(lambda session: tokens.create(session, name="desk", now=NOW))
    web.headers["Authorization"] = f"Bearer {made.text}"
    return web
