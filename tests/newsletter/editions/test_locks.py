"""The turnstile in front of an edition's row. On PostgreSQL: SQLite has one writer at a time."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch.control import pause
from newsletter.dispatch.locks import lock_edition
from newsletter.editions.models import Edition
from newsletter.publications import Publication
from tests.blocked import on_postgresql, wait_until_blocked

pytestmark = on_postgresql


@pytest.fixture
def edition_id(database: Database) -> int:
    """An edition that is going out."""
    with database.writing() as session:
        publication = Publication(slug="p", name="P", sender="p@p.example", postal_address="P")
        session.add(publication)
        session.flush()
        edition = Edition(
            publication_id=publication.key,
            date=dt.date(2026, 11, 22),
            state="sending",
            created_at=0.0,
            updated_at=0.0,
        )
        session.add(edition)
        session.flush()
        return edition.key


def pause_now(database: Database, edition_id: int) -> bool:
    with database.writing() as session:
        return pause(session, edition_id, reason="a test", now=1.0)


def test_workers_hand_off_side_by_side(database: Database, edition_id: int) -> None:
    with database.writing() as one, database.writing() as other:
        lock_edition(one, edition_id)
        other.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert lock_edition(other, edition_id).state == "sending"


def test_a_pause_waits_for_hand_offs_under_way_and_not_for_later_ones(
    database: Database, edition_id: int
) -> None:
    with ThreadPoolExecutor(1) as person:
        with database.writing() as worker:
            lock_edition(worker, edition_id)
            pausing = person.submit(pause_now, database, edition_id)
            wait_until_blocked(database)
            with Session(database.engine) as other:
                other.execute(text("SET LOCAL lock_timeout = '100ms'"))
                with pytest.raises(OperationalError, match="lock timeout"):
                    lock_edition(other, edition_id)
            assert not pausing.done()
        assert pausing.result(10)

    with database.writing() as worker:
        assert lock_edition(worker, edition_id).state == "paused"
