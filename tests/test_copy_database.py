"""The example that moves a database: everything arrives, and work goes on there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from examples.copy_database import main
from newsletter.database import Database
from newsletter.publications import Publication


@pytest.fixture
def source(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    with database.writing() as session:
        session.add(publication("tidewater"))
        session.add(publication("harbour"))
    yield database
    database.close()


def publication(slug: str) -> Publication:
    return Publication(slug=slug, name=slug.title(), sender=f"{slug}@example.org")


def ids(session: Session) -> dict[str, int | None]:
    return {one.slug: one.id for one in session.exec(select(Publication))}


def test_everything_arrives_under_its_id_and_new_rows_get_new_ones(
    source: Database, postgres_url: str
) -> None:
    main([source.url, postgres_url])

    target = Database(postgres_url)
    with source.reading() as old, target.writing() as new:
        assert ids(new) == ids(old)
        new.add(publication("newcomer"))
    with target.reading() as session:
        assert len(set(ids(session).values())) == 3
    target.close()


def test_a_target_with_rows_is_refused_and_left_alone(source: Database, postgres_url: str) -> None:
    target = Database(postgres_url)
    with target.writing() as session:
        session.add(publication("already-there"))

    with pytest.raises(SystemExit, match="is not empty"):
        main([source.url, postgres_url])

    with target.reading() as session:
        assert list(ids(session)) == ["already-there"]
    target.close()


def test_a_target_without_tables_is_refused(source: Database, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="newsletter migrate"):
        main([source.url, f"sqlite:///{tmp_path / 'empty.sqlite3'}"])
