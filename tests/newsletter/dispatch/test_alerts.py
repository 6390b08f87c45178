"""Alerts: once for each thing that needs a person, and again when it comes again."""

from pathlib import Path

from pydantic import SecretStr
from sqlmodel import col, select, update

from newsletter.dispatch import settle
from newsletter.dispatch.alerts import pause_and_alert
from newsletter.dispatch.models import Delivery, Notice
from newsletter.dispatch_duty import DispatchDuty
from newsletter.editions.approval import approve
from newsletter.editions.models import Edition
from newsletter.editions.schedule import schedule
from newsletter.publications import Publication
from newsletter.settings import Settings
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, ScriptedProvider


def headings(desk: Desk) -> list[str]:
    with desk.database.reading() as session:
        return [notice.data["heading"] for notice in session.exec(select(Notice))]


def change_brand(desk: Desk, address: str) -> None:
    with desk.database.writing() as session:
        publication = session.get_one(Publication, desk.publication_id)
        publication.postal_address = address
        session.add(publication)


def test_the_same_revision_held_a_second_time_alerts_again(desk: Desk, tmp_path: Path) -> None:
    settings = Settings(
        secret_key=SecretStr("a secret for tests"),
        base_url="https://ledger.example",
        mail_folder=tmp_path,
    )
    duty = DispatchDuty(settings, desk.database, ScriptedProvider())
    edition_id = desk.edition()
    change_brand(desk, "2 Other Street")
    duty.step()
    assert len(headings(desk)) == 1

    with desk.database.writing() as session:
        edition = session.get_one(Edition, edition_id)
        publication = session.get_one(Publication, desk.publication_id)
        approve(session, edition, publication, SITE, by="ada", now=NOW)
        schedule(session, edition, publication, SITE, at=NOW - 9e8, now=NOW)
    change_brand(desk, "3 Third Street")
    duty = DispatchDuty(settings, desk.database, ScriptedProvider())
    duty.step()

    assert len(headings(desk)) == 2
    assert all("did NOT go out" in heading for heading in headings(desk))


def doubt(desk: Desk, edition_id: int, *, since: float) -> None:
    with desk.database.writing() as session:
        for delivery in session.exec(select(Delivery).where(Delivery.edition_id == edition_id)):
            delivery.state, delivery.unsure_at = "unsure", since
            session.add(delivery)
    for _ in range(2):
        desk.database.transact(
            lambda session: settle.apply_policy(session, edition_id, wait=0.0, now=NOW)
        )


def test_doubt_that_comes_up_anew_alerts_again(desk: Desk) -> None:
    desk.add_readers(2)
    edition_id = desk.edition()
    desk.freeze(edition_id)

    doubt(desk, edition_id, since=7200.0)
    doubt(desk, edition_id, since=7230.0)
    assert len(headings(desk)) == 1
    doubt(desk, edition_id, since=14400.0)

    assert len(headings(desk)) == 2


def test_an_edition_that_ended_while_a_pause_waited_for_it_stays_as_it_is(desk: Desk) -> None:
    """Many are paused in one transaction; one that was cancelled must not undo the others."""
    desk.add_readers(1)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    with desk.database.writing() as session:
        as_it_was = session.get_one(Edition, edition_id)
        ended = update(Edition).where(col(Edition.id) == edition_id).values(state="cancelled")
        session.connection().execute(ended)  # past the session, as by somebody else
        assert as_it_was.state == "sending"

        pause_and_alert(session, edition_id, reason="bad key", now=NOW)

    assert desk.status(edition_id) == "cancelled"
    assert headings(desk) == []
