"""The editions that went out, as the archive shows them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select, tuple_
from sqlmodel.sql.expression import SelectOfScalar

from emails.placeholders import without_reader
from newsletter.dispatch.models import Batch
from newsletter.editions.library import find_edition
from newsletter.editions.models import Edition, StoredComposition
from newsletter.editions.states import EditionState
from newsletter.editions.variants import current_issue
from newsletter.errors import NotFound

WENT_OUT: Collection[str] = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)
_NEWEST_FIRST = (col(Edition.date).desc(), col(Edition.id).desc())


@dataclass(frozen=True)
class Neighbours:
    """The editions before and after one."""

    previous: Edition | None
    following: Edition | None


def went_out(session: Session, publication_id: int, *, limit: int | None = None) -> list[Edition]:
    """Editions that readers got, newest first, as they got them."""
    rows = session.exec(_published(publication_id).order_by(*_NEWEST_FIRST).limit(limit))
    return [shown for edition in rows if (shown := _as_mailed(session, edition))]


def find_published(session: Session, publication_id: int, name: str) -> Edition:
    """Return the edition called DATE or DATE/SLUG, as readers got it.

    Raises NotFound for a draft, too.
    """
    edition = find_edition(session, publication_id, name)
    shown = _as_mailed(session, edition) if edition.state in WENT_OUT else None
    if shown is None:
        raise NotFound(f"Edition {name} has not gone out.")
    return shown


def neighbours(session: Session, edition: Edition) -> Neighbours:
    """The editions that went out just before and just after this one."""
    place = tuple_(col(Edition.date), col(Edition.id))
    here = (edition.date, edition.key)
    published = _published(edition.publication_id)
    before = session.exec(published.where(place < here).order_by(*_NEWEST_FIRST).limit(1)).first()
    after = session.exec(
        published.where(place > here).order_by(col(Edition.date), col(Edition.id)).limit(1)
    ).first()
    return Neighbours(before and _as_mailed(session, before), after and _as_mailed(session, after))


def _published(publication_id: int) -> SelectOfScalar[Edition]:
    return select(Edition).where(
        Edition.publication_id == publication_id, col(Edition.state).in_(WENT_OUT)
    )


def _as_mailed(session: Session, edition: Edition) -> Edition | None:
    """The edition at the revision that readers got; None where nobody got any.

    A correction under way is seen when somebody has approved it. Until then this is a copy, which
    belongs to no session.
    """
    if edition.approved_hash is not None or edition.archive_only:
        return edition
    mailed = session.exec(
        select(func.max(StoredComposition.revision))
        .join(Batch, col(Batch.composition_id) == StoredComposition.id)
        .where(StoredComposition.edition_id == edition.key)
    ).one()
    if mailed is None:
        return None
    copy = Edition(**{**edition.model_dump(), "revision": mailed})
    issue = current_issue(session, copy)
    copy.title, copy.number = issue.title or without_reader(issue.subject or ""), issue.number
    return copy
