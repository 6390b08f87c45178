from typing import Any

import pytest
from sqlmodel import Session

from emails.composition import Finding
from emails.issue import Issue
from newsletter.database import Database
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.errors import Blocked
from newsletter.publications import find_publication
from newsletter.settings import Settings
from newsletter.site import Site
from subscribers.models import Subscriber, Subscription

NOW = 1_800_000_000.0
SITE = Site.of(Settings(base_url="https://ledger.example"))
A = {"title": "A headline", "url": "https://a.example/1"}


def issue(date: str, *items: dict[str, Any], **section: Any) -> Issue:
    sections = [
        {"kind": "essay", "body": f"Prose of {date}."},
        {"kind": "links", "items": list(items), **section},
    ]
    return Issue.model_validate({"date": date, "title": f"Of {date}", "sections": sections})


def stored(session: Session, content: Issue, **values: Any) -> Edition:
    publication = find_publication(session)
    imported = import_issue(
        session, publication, content, source="", author="test", now=NOW, **values
    )
    return imported.edition


def approved(session: Session, edition: Edition) -> tuple[Finding, ...]:
    publication = find_publication(session)
    return approve(session, edition, publication, SITE, by="ada", now=NOW).warnings


@pytest.fixture(autouse=True)
def _publication(publication_id: int) -> None:
    """Every test has one."""


def test_a_link_that_readers_have_had_is_told_and_recorded(database: Database) -> None:
    with database.writing() as session:
        stored(session, issue("2026-11-20", A), archive_only=True)
        edition = stored(
            session, issue("2026-11-22", A, {**A, "title": "B", "url": "https://b.example/"})
        )
        (found,) = approved(session, edition)
        assert (found.code, found.field) == ("repeated-link", "sections[1].items[0].url")
        assert "20 November 2026" in found.message
        assert [one["code"] for one in edition.accepted_warnings] == ["repeated-link"]


def test_what_never_went_out_repeats_nothing(database: Database) -> None:
    with database.writing() as session:
        stored(session, issue("2026-11-20", A))
        assert approved(session, stored(session, issue("2026-11-22", A))) == ()


def test_only_the_last_five_editions_count(database: Database) -> None:
    with database.writing() as session:
        stored(session, issue("2026-11-10", A), archive_only=True)
        for day in range(11, 16):
            other = {"title": f"T{day}", "url": f"https://a.example/{day}"}
            stored(session, issue(f"2026-11-{day}", other), archive_only=True)
        assert approved(session, stored(session, issue("2026-11-22", A))) == ()


def test_an_error_blocks_approval_and_says_why(database: Database) -> None:
    items = [
        {"title": f"Headline {n} " + "long " * 30, "url": f"https://a.example/{n}"}
        for n in range(300)
    ]
    with database.writing() as session:
        edition = stored(session, issue("2026-11-22", *items))
        with pytest.raises(Blocked, match="Gmail would cut it off"):
            approved(session, edition)


def test_every_warning_is_accepted_with_the_approval(database: Database) -> None:
    with database.writing() as session:
        edition = stored(session, issue("2026-11-22", A, A, topic="gossip"))
        codes = [one.code for one in approved(session, edition)]
        assert codes == ["unknown-topic", "duplicate-headline", "duplicate-link"]
        assert [one["code"] for one in edition.accepted_warnings] == codes


def test_a_placeholder_that_nobody_answers_is_told(database: Database) -> None:
    text = "Dear {{ reader.name | reader }} of {{ reader.attributes.ciyt | your town }}."
    content = Issue.model_validate(
        {"date": "2026-11-22", "title": "T", "sections": [{"kind": "essay", "body": text}]}
    )
    with database.writing() as session:
        edition = stored(session, content)
        assert "unanswered-placeholder" not in {one.code for one in approved(session, edition)}
        reader = Subscriber(
            email="a@example.com", email_key="a@example.com", created_at=NOW,
            name="Ada", attributes={"city": "Kiel"},
        )  # fmt: skip
        session.add(reader)
        session.flush()
        assert reader.id is not None
        session.add(
            Subscription(
                subscriber_id=reader.id,
                publication_id=edition.publication_id,
                state="active",
                mailable=True,
                created_at=NOW,
            )
        )
        [told] = [one for one in approved(session, edition) if one.code.startswith("unanswered")]
    assert "reader.attributes.ciyt" in told.message
    assert "'your town'" in told.message


def test_a_placeholder_that_cannot_be_filled_blocks_approval(database: Database) -> None:
    content = issue("2026-11-22", A).model_copy(update={"subject": "Dear {{ reader.nmae }}"})
    with database.writing() as session:
        edition = stored(session, content)
        with pytest.raises(
            Blocked, match=r"subject: \{\{ reader.nmae \}\} asks for what no reader has"
        ):
            approved(session, edition)
