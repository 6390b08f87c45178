from pathlib import Path

import pytest

from newsletter.database import Database
from tests.subscribers.readers import Readers


@pytest.fixture
def readers(database: Database, publication_id: int, tmp_path: Path) -> Readers:
    return Readers(database, publication_id, tmp_path)
