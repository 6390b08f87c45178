"""The dispatch duty: what is due goes out, what changed is held, what is away is waited for."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from newsletter.database import Database
from newsletter.dispatch.models import Notice
from newsletter.dispatch.pacing import notices_rate
from newsletter.dispatch_duty import DispatchDuty
from newsletter.editions.models import Edition, Revision
from newsletter.errors import DatabaseError
from newsletter.publications import Publication
from newsletter.settings import Settings
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        secret_key=SecretStr("a secret for tests"),
        base_url="https://ledger.example",
        mail_folder=tmp_path,
        batch_size=20,
    )


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def duty(desk: Desk, settings: Settings, provider: ScriptedProvider) -> DispatchDuty:
    return DispatchDuty(settings, desk.database, provider)


@pytest.fixture
def desk(database: Database, publication_id: int) -> Desk:
    return Desk(database, publication_id)


def work(duty: DispatchDuty, *, steps: int = 200) -> None:
    for _ in range(steps):
        if not duty.step():
            duty.sweep()
            if not duty.step():
                return


def hold_reason(desk: Desk, edition_id: int) -> str:
    with desk.database.reading() as session:
        return session.get_one(Edition, edition_id).hold_reason or ""


def test_what_is_due_is_frozen_sent_and_closed(
    desk: Desk, duty: DispatchDuty, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(45)
    edition_id = desk.edition()

    work(duty)

    assert sorted(provider.taken) == sorted(readers)
    assert desk.status(edition_id) == "sent"


def test_an_edition_that_changed_after_approval_is_held_and_a_person_is_told(
    desk: Desk, duty: DispatchDuty, provider: ScriptedProvider
) -> None:
    desk.add_readers(3)
    edition_id = desk.edition()
    with desk.database.writing() as session:
        publication = session.get_one(Publication, desk.publication_id)
        publication.postal_address = "2 Other Street"
        session.add(publication)

    work(duty)

    assert provider.taken == []
    assert desk.status(edition_id) == "draft"
    assert "will NOT go out" in hold_reason(desk, edition_id)
    with desk.database.reading() as session:
        [told] = session.exec(select(Notice)).all()
    assert told.kind == "alert"
    assert "did NOT go out" in told.data["heading"]


def test_a_real_provider_with_an_unsafe_setup_sends_nothing(desk: Desk, settings: Settings) -> None:
    desk.add_readers(3)
    edition_id = desk.edition()
    real = ScriptedProvider(loopback=False)
    unsafe = settings.model_copy(update={"base_url": "https://127.0.0.1"})

    work(DispatchDuty(unsafe, desk.database, real))

    assert real.taken == []
    assert desk.status(edition_id) == "draft"


def test_two_editions_go_out_one_after_the_other_and_both_are_closed(
    desk: Desk, duty: DispatchDuty, provider: ScriptedProvider
) -> None:
    desk.add_readers(25)
    first, second = desk.edition(), desk.edition(slug="evening")

    work(duty)

    assert (desk.status(first), desk.status(second)) == ("sent", "sent")
    assert len(provider.taken) == 50
    assert len(set(provider.keys)) == 50


def test_outcomes_are_kept_while_the_database_is_away(
    desk: Desk, settings: Settings, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider took them; the database comes back only later."""
    readers = desk.add_readers(20)
    edition_id = desk.edition()
    duty = DispatchDuty(settings, desk.database, provider)
    while not provider.taken:
        duty.step()
    with monkeypatch.context() as away:

        def fail(*_args: object, **_options: object) -> None:
            raise DatabaseError("away")

        away.setattr(desk.database, "transact", fail)
        for _ in range(3):
            with pytest.raises(DatabaseError):
                duty.step()

    work(duty)

    assert sorted(provider.taken) == sorted(readers)
    assert desk.states(edition_id) == {"accepted": 20}


def test_a_worker_that_stops_while_the_database_is_away_waits_and_stores_what_was_said(
    desk: Desk, settings: Settings, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.dispatch_duty.DATABASE_AWAY_SECONDS", 0.0)
    desk.add_readers(20)
    edition_id = desk.edition()
    duty = DispatchDuty(settings, desk.database, provider)
    while not provider.taken:
        duty.step()
    transact, failures = desk.database.transact, iter([DatabaseError("away")] * 3)

    def fail_at_first(*args: Any, **options: Any) -> Any:
        if (error := next(failures, None)) is not None:
            raise error
        return transact(*args, **options)

    monkeypatch.setattr(desk.database, "transact", fail_at_first)
    duty.stop()

    states = desk.states(edition_id)
    assert next(failures, None) is None
    assert (states["accepted"], states.get("unsure", 0)) == (len(provider.taken), 0)


def test_a_part_of_the_rate_is_kept_for_notices(settings: Settings) -> None:
    assert notices_rate(settings.model_copy(update={"send_rate": 100.0})) == 10.0
    assert notices_rate(settings) == 0.0


def test_a_fault_that_is_not_the_editions_costs_it_no_approval(
    desk: Desk, duty: DispatchDuty, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = desk.add_readers(5)
    edition_id = desk.edition()
    with monkeypatch.context() as broken:

        def fail(*_args: object) -> None:
            raise MemoryError("no room")

        broken.setattr("newsletter.dispatch_duty.freeze.freeze_chunk", fail)
        duty.step()
    with desk.database.writing() as session:
        edition = session.get_one(Edition, edition_id)
        assert (edition.state, edition.approved_hash is None) == ("scheduled", False)
        [told] = session.exec(select(Notice).where(Notice.kind == "alert")).all()
        assert "tried again" in str(told.data)
        edition.scheduled_at = 0.0
        session.add(edition)

    work(duty)

    assert sorted(provider.taken) == sorted(readers)


def test_an_edition_that_cannot_be_frozen_holds_up_no_other(
    desk: Desk, duty: DispatchDuty, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(25)
    broken = desk.edition()
    with desk.database.writing() as session:
        revision = session.get_one(Revision, (broken, 1))
        revision.issue = {**revision.issue, "sections": [{"kind": "of another version"}]}
        session.add(revision)
    fine = desk.edition(slug="evening")

    work(duty)

    assert desk.status(fine) == "sent"
    assert sorted(provider.taken) == sorted(readers)
    assert desk.status(broken) == "draft"
