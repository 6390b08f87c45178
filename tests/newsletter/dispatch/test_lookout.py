"""Standstills and full disks are noticed before somebody asks where the edition is."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from newsletter.dispatch.lookout import STUCK_SECONDS, disks, look_out, stranded
from newsletter.dispatch.models import Batch, Delivery, Notice
from newsletter.editions.models import Edition
from newsletter.settings import Settings
from tests.newsletter.dispatch.desk import NOW, Desk


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "provider": "scripted",
            "mail_folder": str(tmp_path / "not" / "made" / "yet"),
            "disk_full_at": 1.0,
        }
    )


@pytest.fixture
def edition_id(desk: Desk) -> int:
    desk.add_readers(3)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    return edition_id


def headings(desk: Desk) -> list[str]:
    with desk.database.reading() as session:
        return [notice.data["heading"] for notice in session.exec(select(Notice))]


def wait_for_long(desk: Desk, edition_id: int) -> None:
    """Let the edition's batches be due since long ago."""
    with desk.database.writing() as session:
        session.get_one(Edition, edition_id).started_at = NOW - 1e8
        for batch in session.exec(select(Batch)):
            batch.due_at = NOW - 1e8


def test_batches_of_another_provider_are_told_once_with_the_cure(
    desk: Desk, settings: Settings, edition_id: int
) -> None:
    other = settings.model_copy(update={"provider": "folder"})
    for _ in range(2):
        look_out(desk.database, other, now=NOW)

    assert headings(desk) == ["Edition 2026-11-22 waits for provider scripted"]
    with desk.database.reading() as session:
        (one,) = stranded(session, "folder")
        assert "edition reroute 2026-11-22" in one.cure
        assert stranded(session, "scripted") == []


def test_a_paused_edition_is_named_but_nobody_is_woken_for_it(
    desk: Desk, settings: Settings, edition_id: int
) -> None:
    with desk.database.writing() as session:
        session.get_one(Edition, edition_id).state = "paused"

    look_out(desk.database, settings.model_copy(update={"provider": "folder"}), now=NOW)

    assert headings(desk) == []
    with desk.database.reading() as session:
        assert [one.provider for one in stranded(session, "folder")] == ["scripted"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("refused 401 the key", "The provider says: refused 401 the key"),
        (None, "No worker with the queue notices has sent them, or may."),
    ],
)
def test_confirmations_that_nobody_takes_are_told(
    desk: Desk, settings: Settings, error: str | None, line: str
) -> None:
    now = desk.database.now()
    queue(desk, created_at=now - 60)  # just now
    queue(desk, created_at=now - 2 * STUCK_SECONDS, attempt=2)  # its own reader's server
    look_out(desk.database, settings, now=now)
    assert alerts(desk) == []

    queue(desk, created_at=now - 2 * STUCK_SECONDS, error=error)
    look_out(desk.database, settings, now=now)
    look_out(desk.database, settings, now=now)

    (told,) = alerts(desk)
    assert told.data["heading"] == "1 confirmations and other small mails wait"
    assert told.data["lines"][0] == line


def queue(desk: Desk, **columns: Any) -> None:
    with desk.database.writing() as session:
        session.add(
            Notice(
                publication_id=desk.publication_id,
                kind="confirm",
                email="ada@example.com",
                due_at=0.0,
                **columns,
            )
        )


def alerts(desk: Desk) -> list[Notice]:
    with desk.database.reading() as session:
        return list(session.exec(select(Notice).where(Notice.kind == "alert")))


def test_a_provider_that_stays_away_is_told_though_it_is_tried_again_and_again(
    desk: Desk, settings: Settings, edition_id: int
) -> None:
    put_off(desk, edition_id, attempt=1)
    look_out(desk.database, settings, now=NOW)
    assert headings(desk) == []  # a reader's own server: it has its attempts

    put_off(desk, edition_id, attempt=0)
    look_out(desk.database, settings, now=NOW)

    assert headings(desk) == ["Edition 2026-11-22 does not move"]
    with desk.database.reading() as session:
        assert "scripted says: unreachable" in session.exec(select(Notice)).one().data["lines"]


def put_off(desk: Desk, edition_id: int, *, attempt: int) -> None:
    """Let the provider have been away for long; the next try is in a minute."""
    now = desk.database.now()
    with desk.database.writing() as session:
        session.get_one(Edition, edition_id).started_at = NOW - 1e8
        for batch in session.exec(select(Batch)):
            batch.due_at, batch.attempt = now + 60, attempt
            batch.put_off, batch.put_off_since = "unreachable", now - STUCK_SECONDS - 1


def test_an_edition_that_does_not_move_is_told(
    desk: Desk, settings: Settings, edition_id: int
) -> None:
    look_out(desk.database, settings, now=NOW)
    assert headings(desk) == []

    wait_for_long(desk, edition_id)
    look_out(desk.database, settings, now=NOW)

    assert headings(desk) == ["Edition 2026-11-22 does not move"]


def test_an_edition_that_is_long_and_moves_is_left_alone(
    desk: Desk, settings: Settings, edition_id: int
) -> None:
    wait_for_long(desk, edition_id)
    with desk.database.writing() as session:
        first = session.exec(select(Delivery)).first()
        assert first is not None
        first.accepted_at = desk.database.now() - STUCK_SECONDS / 2

    look_out(desk.database, settings, now=NOW)

    assert headings(desk) == []


def test_a_paused_edition_is_not_stuck(desk: Desk, settings: Settings, edition_id: int) -> None:
    wait_for_long(desk, edition_id)
    with desk.database.writing() as session:
        session.get_one(Edition, edition_id).state = "paused"
    look_out(desk.database, settings, now=NOW)
    assert headings(desk) == []


def test_a_disk_that_is_nearly_full_is_told_once_a_day(desk: Desk, settings: Settings) -> None:
    full = settings.model_copy(update={"disk_full_at": 1e-9, "provider": "folder"})
    for now in (NOW, NOW + 60, NOW + 86_400):
        look_out(desk.database, full, now=now)
    told = headings(desk)
    assert len(told) == 2 * len(list(disks(full)))
    assert all(heading.startswith("The disk is nearly full") for heading in told)


def test_the_disks_of_database_and_mail_folder_are_looked_at(
    settings: Settings, tmp_path: Path
) -> None:
    both = settings.model_copy(
        update={"provider": "folder", "database_url": f"sqlite:///{tmp_path}/x.sqlite3"}
    )
    assert {disk.path for disk in disks(both)} == {tmp_path}
    assert all(0 < disk.used < 1 for disk in disks(both))
    elsewhere = settings.model_copy(update={"database_url": "postgresql://db.example/x"})
    assert list(disks(elsewhere)) == []
