"""A person's hand on a running edition: pause, resume, cancel.

Each takes the edition's row FOR UPDATE, so that it waits for hand-offs under way and the next
one sees it: what was handed off before goes out, nothing after.
"""

from sqlalchemy import select, update
from sqlmodel import Session

from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.dispatch.unsent import NOT_HANDED_OFF
from newsletter.editions.approval import require_approved
from newsletter.editions.locks import own_edition
from newsletter.editions.states import EditionState, check_transition
from newsletter.errors import EditionError
from newsletter.publications import Publication
from newsletter.site import Site


def pause(session: Session, edition_id: int, *, reason: str, now: float) -> bool:
    """Stop handing off; return False where it was paused already.

    Raises:
        EditionError: it is not being sent.
    """
    edition = own_edition(session, edition_id)
    if edition.state == EditionState.PAUSED:
        return False
    check_transition(edition.name, edition.state, EditionState.PAUSED)
    edition.state, edition.hold_reason, edition.updated_at = EditionState.PAUSED, reason, now
    session.add(edition)
    return True


def resume(session: Session, edition_id: int, *, site: Site, now: float) -> None:
    """Go on sending, with the present revision.

    Raises:
        NotApproved: it was corrected while paused and nobody approved that yet.
    """
    edition = own_edition(session, edition_id)
    if edition.state != EditionState.PAUSED:
        raise EditionError(f"Edition {edition.name} is {edition.state}, not paused.")
    publication = session.get_one(Publication, edition.publication_id)
    require_approved(session, edition, publication, site)
    edition.state, edition.hold_reason, edition.updated_at = EditionState.SENDING, None, now
    session.add(edition)


def cancel(session: Session, edition_id: int, *, now: float) -> int:
    """End the edition for good; return how many deliveries that were waiting are cancelled.

    What a worker has handed off already keeps its outcome, and the worker closes that batch.
    """
    edition = own_edition(session, edition_id)
    check_transition(edition.name, edition.state, EditionState.CANCELLED)
    edition.state = EditionState.CANCELLED
    edition.finished_at = edition.updated_at = now
    session.add(edition)
    session.execute(
        select(BATCH.c.id)
        .where(BATCH.c.edition_id == edition_id)
        .order_by(BATCH.c.id)
        .with_for_update()
    )
    cancelled = session.exec(
        update(DELIVERY)
        .where(DELIVERY.c.edition_id == edition_id, NOT_HANDED_OFF)
        .values(state=DeliveryState.CANCELLED, reason="the edition was cancelled")
    ).rowcount
    session.exec(
        update(BATCH)
        .where(BATCH.c.edition_id == edition_id, BATCH.c.state == BatchState.READY)
        .values(state=BatchState.CANCELLED)
    )
    return int(cancelled)
