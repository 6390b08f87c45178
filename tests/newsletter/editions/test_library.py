"""Editions come in once, are revised, and keep to their states."""

import pytest
from sqlmodel import Session

from newsletter.database import Database
from newsletter.editions.approval import approve, require_approved
from newsletter.editions.library import Imported, find_edition, import_issue, list_editions
from newsletter.editions.links import known_numbers
from newsletter.editions.models import Edition, Revision
from newsletter.editions.schedule import schedule
from newsletter.editions.states import TRANSITIONS, EditionState, check_transition
from newsletter.editions.variants import Variant, composed
from newsletter.errors import Blocked, EditionError, EditionExists, NotApproved, NotFound
from newsletter.publications import Publication
from tests.newsletter.dispatch.desk import NOW, SITE, sample_issue


def bring_in(session: Session, publication_id: int, **changes: object) -> Imported:
    archive_only = bool(changes.pop("archive_only", False))
    return import_issue(
        session,
        session.get_one(Publication, publication_id),
        sample_issue(**changes),
        source="the file",
        author="ada",
        now=NOW,
        archive_only=archive_only,
    )


def approve_it(session: Session, edition: Edition) -> None:
    publication = session.get_one(Publication, edition.publication_id)
    approve(session, edition, publication, SITE, by="ada", now=NOW)


def test_the_first_import_is_a_draft_and_the_second_a_revision(
    database: Database, publication_id: int
) -> None:
    with database.writing() as session:
        first = bring_in(session, publication_id)
        again = bring_in(session, publication_id, title="Morning, better")
        assert (first.created, again.created) == (True, False)
        assert first.edition.key == again.edition.key
        assert again.edition.revision == 2
        assert again.edition.title == "Morning, better"
        assert session.get_one(Revision, (again.edition.key, 1)).issue["title"] == "Morning"


def test_a_title_made_of_a_subject_for_each_reader_has_the_fallback(
    database: Database, publication_id: int
) -> None:
    subject = "{{ reader.name | Friends }}, the ferry was late"
    with database.writing() as session:
        edition = bring_in(session, publication_id, title=None, subject=subject).edition
        assert edition.title == "Friends, the ferry was late"


def test_the_same_content_again_makes_no_revision(database: Database, publication_id: int) -> None:
    with database.writing() as session:
        bring_in(session, publication_id)
        again = bring_in(session, publication_id)
        assert (again.changed, again.edition.revision) == (False, 1)


def test_a_second_edition_of_the_day_has_a_slug(database: Database, publication_id: int) -> None:
    with database.writing() as session:
        bring_in(session, publication_id)
        extra = bring_in(session, publication_id, slug="extra")
        assert extra.created
        assert extra.edition.name == "2026-11-22/extra"
        assert find_edition(session, publication_id, "2026-11-22/extra").key == extra.edition.key
        assert len(list_editions(session, publication_id)) == 2


def test_approval_covers_these_bytes_only(database: Database, publication_id: int) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        publication = session.get_one(Publication, publication_id)
        approve_it(session, edition)
        require_approved(session, edition, publication, SITE)

        publication.name = "Another name"
        with pytest.raises(NotApproved, match="changed after its approval"):
            require_approved(session, edition, publication, SITE)


def test_a_change_after_approval_voids_it_loudly(database: Database, publication_id: int) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        publication = session.get_one(Publication, publication_id)
        approve_it(session, edition)
        schedule(session, edition, publication, SITE, at=NOW + 3600, now=NOW)

        changed = bring_in(session, publication_id, title="Other")

        assert changed.voided
        assert edition.state == EditionState.DRAFT
        assert "will NOT go out" in (edition.hold_reason or "")
        with pytest.raises(NotApproved):
            schedule(session, edition, publication, SITE, at=NOW + 3600, now=NOW)


def test_an_edition_with_errors_is_not_approved(database: Database, publication_id: int) -> None:
    body = "\n\n".join(f"Paragraph {number} " + "word " * 400 for number in range(30))
    with database.writing() as session:
        edition = bring_in(
            session, publication_id, sections=[{"kind": "essay", "body": body}] * 3
        ).edition
        with pytest.raises(Blocked, match="bytes"):
            approve_it(session, edition)


def test_what_is_being_sent_must_be_paused_first(database: Database, publication_id: int) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        edition.state = EditionState.SENDING
        session.add(edition)
        with pytest.raises(EditionError, match="Pause it first"):
            bring_in(session, publication_id, title="Too late")


def test_what_was_sent_stays_as_it_was(database: Database, publication_id: int) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        edition.state = EditionState.SENT
        session.add(edition)
        with pytest.raises(EditionExists, match="slug"):
            bring_in(session, publication_id, title="Too late")


def test_a_back_number_goes_into_the_archive_and_sends_nothing(
    database: Database, publication_id: int
) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id, archive_only=True).edition
        assert edition.state == EditionState.SENT
        assert edition.recipients == 0


def test_a_draft_can_be_put_into_the_archive_unsent(
    database: Database, publication_id: int
) -> None:
    with database.writing() as session:
        bring_in(session, publication_id)
        edition = bring_in(session, publication_id, archive_only=True).edition
        assert (edition.state, edition.archive_only) == (EditionState.SENT, True)

        again = bring_in(session, publication_id, archive_only=True, title="Better")
        assert (again.changed, again.edition.finished_at) == (True, NOW)


def test_what_is_on_its_way_cannot_be_put_into_the_archive(
    database: Database, publication_id: int
) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        approve_it(session, edition)
        with pytest.raises(EditionError, match="edition cancel"):
            bring_in(session, publication_id, archive_only=True)


def test_an_unknown_edition_says_what_to_do(database: Database, publication_id: int) -> None:
    with database.reading() as session:
        with pytest.raises(NotFound, match="edition list"):
            find_edition(session, publication_id, "2026-01-01")
        with pytest.raises(NotFound, match="write a date"):
            find_edition(session, publication_id, "yesterday")


@pytest.mark.parametrize("state", list(EditionState))
def test_a_step_that_the_table_lacks_is_refused_with_those_it_has(state: EditionState) -> None:
    for wanted in EditionState:
        if wanted in TRANSITIONS[state]:
            check_transition("2026-11-22", state, wanted)
        else:
            with pytest.raises(EditionError, match=r"can become|for good"):
                check_transition("2026-11-22", state, wanted)


def test_links_keep_their_numbers_in_every_revision(
    database: Database, publication_id: int
) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        approve_it(session, edition)
        before = known_numbers(session, edition.key)
        bring_in(
            session,
            publication_id,
            sections=[
                {
                    "kind": "links",
                    "heading": "AI Labs",
                    "items": [
                        {"title": "New", "url": "https://labs.example/new"},
                        {"title": "Two", "url": "https://labs.example/2"},
                    ],
                }
            ],
        )
        approve_it(session, edition)
        after = known_numbers(session, edition.key)
    assert before.items() <= after.items()
    assert after["https://labs.example/new"] == max(before.values()) + 1


def test_approving_a_scheduled_edition_once_more_leaves_it_scheduled(
    database: Database, publication_id: int
) -> None:
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        publication = session.get_one(Publication, publication_id)
        approve_it(session, edition)
        schedule(session, edition, publication, SITE, at=NOW + 3600, now=NOW)
        approve_it(session, edition)
        assert (edition.state, edition.scheduled_at) == (EditionState.SCHEDULED, NOW + 3600)


def test_what_was_composed_before_the_brand_changed_is_not_sent(
    database: Database, publication_id: int
) -> None:
    """A test mail first, then another postal address, then the approval."""
    variant = Variant("linked")
    with database.writing() as session:
        edition = bring_in(session, publication_id).edition
        publication = session.get_one(Publication, publication_id)
        composed(session, edition, publication, variant, SITE)
        publication.postal_address = "2 New Street, 12345 New Town"
        approve_it(session, edition)
        _, composition = composed(session, edition, publication, variant, SITE)
    assert "2 New Street" in composition.html
