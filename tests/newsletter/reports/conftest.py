"""Fixtures for reports, on both databases."""

import pytest

from newsletter.database import Database
from tests.newsletter.feedback.mailed import Mailed


@pytest.fixture
def mailed(database: Database, publication_id: int) -> Mailed:
    return Mailed(database, publication_id)
