"""The editions that went out, as the archive shows them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select, tuple_
from sqlmodel.sql.expression import SelectOfScalar

from newsletter.dispatch.models import Batch
from newsletter.editions.library import find_edition
from newsletter.editions.models import Edition, StoredComposition
from newsletter.editions.states import EditionState
from newsletter.errors import NotFound

WENT_OUT: Collection[str] = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)
_NEWEST_FIRST = (col(Edition.date).desc(), col(Edition.id).desc())


@dataclass(frozen=True)
class Neighbours:
    """The editions before and after one."""

    previous: Edition | None
    following: Edition | None


def went_out(session: Session, publication_id: int, *, limit: int | None = None) -> list[Edition]:
    """Editions that readers got, newest first."""
    return list(session.exec(_published(publication_id).order_by(*_NEWEST_FIRST).limit(limit)))


def find_published(session: Session, publication_id: int, name: str) -> Edition:
    """Return the edition called DATE or DATE/SLUG, at the revision that readers got.

    A copy that belongs to no session. Raises NotFound for a draft, too.
    """
    edition = find_edition(session, publication_id, name)
    if edition.state not in WENT_OUT:
        raise NotFound(f"Edition {name} has not gone out.")
    copy = Edition(**edition.model_dump())
    copy.revision = _revision(session, edition)
    return copy


def neighbours(session: Session, edition: Edition) -> Neighbours:
    """The editions that went out just before and just after this one."""
    place = tuple_(col(Edition.date), col(Edition.id))
    here = (edition.date, edition.key)
    published = _published(edition.publication_id)
    before = published.where(place < here).order_by(*_NEWEST_FIRST)
    after = published.where(place > here).order_by(col(Edition.date), col(Edition.id))
    return Neighbours(session.exec(before.limit(1)).first(), session.exec(after.limit(1)).first())


def _published(publication_id: int) -> SelectOfScalar[Edition]:
    return select(Edition).where(
        Edition.publication_id == publication_id, col(Edition.state).in_(WENT_OUT)
    )


def _revision(session: Session, edition: Edition) -> int:
    """The revision to show: a correction under way is seen when somebody has approved it."""
    if edition.approved_hash is not None or edition.archive_only:
        return edition.revision
    mailed = session.exec(
        select(func.max(StoredComposition.revision))
        .join(Batch, col(Batch.composition_id) == StoredComposition.id)
        .where(StoredComposition.edition_id == edition.key)
    ).one()
    if mailed is None:
        raise NotFound(f"Edition {edition.name} is being corrected before anybody got it.")
    return int(mailed)
