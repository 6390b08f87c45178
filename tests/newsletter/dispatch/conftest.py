"""Fixtures for the ledger's tests, on both databases."""

import pytest

from newsletter.database import Database
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider


@pytest.fixture
def desk(database: Database, publication_id: int) -> Desk:
    return Desk(database, publication_id)


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider()
