"""Editions as they come in and are found again."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from emails.issue import Issue
from emails.placeholders import without_reader
from emails.wording import long_date
from newsletter.editions.approval import void_approval
from newsletter.editions.locks import own_edition
from newsletter.editions.models import Edition, Revision
from newsletter.editions.states import EditionState
from newsletter.errors import EditionError, EditionExists, NotFound
from newsletter.one_line import CONTROL, one_line
from newsletter.publications import Publication


@dataclass(frozen=True)
class Imported:
    """What an import did: `voided` says that an approval was lost by it.

    `was_due` is when the edition would have gone out, where the import put a stop to that: a
    person has to be told.
    """

    edition: Edition
    created: bool
    changed: bool
    voided: bool
    was_due: float | None = None


def import_issue(
    session: Session,
    publication: Publication,
    issue: Issue,
    *,
    source: str,
    author: str,
    now: float,
    archive_only: bool = False,
) -> Imported:
    """Store an issue as a new edition, or as a new revision of the live one of its date.

    Raises:
        EditionError: it is being sent (pause it first), or was sent.
    """
    slug = issue.slug or ""
    edition = _live(session, publication.key, issue.date, slug)
    if edition is None:
        edition = Edition(
            publication_id=publication.key,
            date=issue.date,
            slug=slug,
            created_at=now,
            updated_at=now,
        )
        _revise(session, edition, issue, source=source, author=author, now=now)
        imported = Imported(edition, created=True, changed=True, voided=False)
    else:
        if archive_only:
            _require_unsent(edition)
        imported = _reimport(session, edition, issue, source=source, author=author, now=now)
    if archive_only:
        _put_away(session, edition, now=now)
    return imported


def _require_unsent(edition: Edition) -> None:
    """Only a draft or a back number may become a back number."""
    if edition.state != EditionState.DRAFT and not edition.archive_only:
        raise EditionError(
            f"Edition {edition.name} is {edition.state}: it can't go into the archive unsent. "
            f"Cancel it first (`newsletter edition cancel {edition.name}`), or leave out "
            "--archive-only."
        )


def _put_away(session: Session, edition: Edition, *, now: float) -> None:
    """Into the archive, without being sent."""
    edition.archive_only = True
    edition.state, edition.finished_at = EditionState.SENT, edition.finished_at or now
    session.add(edition)


def find_edition(
    session: Session, publication_id: int, name: str, *, lock: bool = False
) -> Edition:
    """Return the live edition called DATE or DATE/SLUG (`lock`: FOR UPDATE).

    Raises:
        NotFound: with what there is instead.
    """
    date, slug = parse_name(name)
    query = (
        select(Edition)
        .where(Edition.publication_id == publication_id, Edition.date == date, Edition.slug == slug)
        .order_by(col(Edition.state) == EditionState.CANCELLED, col(Edition.id).desc())
    )
    edition = session.exec(query).first()
    if edition is None:
        raise NotFound(
            f"There is no edition {name}. `newsletter edition list` shows which there are."
        )
    return own_edition(session, edition.key) if lock else edition


def parse_name(name: str) -> tuple[dt.date, str]:
    """Split DATE or DATE/SLUG; raise NotFound for what is no date, or no slug on one line."""
    date, _, slug = name.partition("/")
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise _no_name(name) from error
    if CONTROL.search(slug):
        raise _no_name(name)
    return day, slug


def _no_name(name: str) -> NotFound:
    return NotFound(f"“{one_line(name)}” names no edition: write a date like 2026-11-22.")


def list_editions(session: Session, publication_id: int) -> list[Edition]:
    """Every edition, newest first."""
    return list(
        session.exec(
            select(Edition)
            .where(Edition.publication_id == publication_id)
            .order_by(col(Edition.date).desc(), col(Edition.id).desc())
        )
    )


def _live(session: Session, publication_id: int, date: dt.date, slug: str) -> Edition | None:
    found = session.exec(
        select(Edition).where(
            Edition.publication_id == publication_id,
            Edition.date == date,
            Edition.slug == slug,
            Edition.state != EditionState.CANCELLED,
        )
    ).one_or_none()
    if found is None:
        return None
    edition = own_edition(session, found.key)
    return None if edition.state == EditionState.CANCELLED else edition


def _reimport(
    session: Session, edition: Edition, issue: Issue, *, source: str, author: str, now: float
) -> Imported:
    if edition.state == EditionState.SCHEDULED and edition.frozen_upto is not None:
        raise EditionError(
            f"Edition {edition.name} is due, and its readers are being listed. In a moment it is "
            f"being sent: pause it then (`newsletter edition pause {edition.name}`), import the "
            "correction, approve it and resume."
        )
    if edition.state == EditionState.SENDING:
        raise EditionError(
            f"Edition {edition.name} is being sent. Pause it first (`newsletter edition pause "
            f"{edition.name}`), import the correction, approve it and resume."
        )
    if edition.state == EditionState.SENT and not edition.archive_only:
        raise EditionExists(
            f"Edition {edition.name} has been sent. Give the new one a `slug`, or put what was "
            "wrong into the next edition's `corrections`."
        )
    if _same_content(session, edition, issue):
        return Imported(edition, created=False, changed=False, voided=False)
    voided = edition.approved_hash is not None
    was_due = edition.scheduled_at if edition.state == EditionState.SCHEDULED else None
    if voided:
        void_approval(session, edition, reason="Changed after approval", now=now)
    _revise(session, edition, issue, source=source, author=author, now=now)
    return Imported(edition, created=False, changed=True, voided=voided, was_due=was_due)


def _same_content(session: Session, edition: Edition, issue: Issue) -> bool:
    current = session.get(Revision, (edition.key, edition.revision))
    return current is not None and current.issue == _stored_form(issue)


def _revise(
    session: Session, edition: Edition, issue: Issue, *, source: str, author: str, now: float
) -> None:
    edition.revision += 1
    edition.title = (
        issue.title or without_reader(issue.subject or "") or _untitled(session, edition)
    )
    edition.number = issue.number
    edition.updated_at = now
    session.add(edition)
    try:
        session.flush()
    except IntegrityError as error:
        raise EditionExists(
            f"Edition {edition.name} was just imported by somebody else. Try again."
        ) from error
    session.add(
        Revision(
            edition_id=edition.key,
            number=edition.revision,
            issue=_stored_form(issue),
            source=source,
            author=author,
            created_at=now,
        )
    )
    session.flush()


def _untitled(session: Session, edition: Edition) -> str:
    publication = session.get_one(Publication, edition.publication_id)
    return f"{publication.name}, {long_date(edition.date)}"


def _stored_form(issue: Issue) -> dict[str, object]:
    return issue.model_dump(mode="json", by_alias=True, exclude_none=True)
