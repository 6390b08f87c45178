"""The bounce brake: an edition that bounces hard too often stops itself.

Mailbox providers judge a sender by its dead addresses; a stale list should hurt once, at 5 % of
the first few hundred, not at 100 %.
"""

from sqlalchemy import select, update
from sqlmodel import Session

from newsletter.dispatch.alerts import pause_and_alert
from newsletter.editions.locks import own_edition
from newsletter.editions.states import EditionState
from newsletter.feedback.models import BOUNCE_TALLY

BRAKE_AFTER = 500
"""Settled deliveries before the share says anything."""
BRAKE_ABOVE = 0.05


def is_too_much(settled: int, hard: int) -> bool:
    """Whether more than 5 % of at least 500 settled deliveries bounced hard."""
    return settled >= BRAKE_AFTER and hard > settled * BRAKE_ABOVE


def bounce_brake(session: Session, edition_id: int, *, now: float) -> bool:
    """Pause a running edition that bounces too much and tell a person; return whether it did.

    The tally then starts anew: a person who resumes has decided, and the brake pulls again only
    if what comes after is as bad.
    """
    edition = own_edition(session, edition_id)
    tally = session.execute(
        select(BOUNCE_TALLY.c.settled, BOUNCE_TALLY.c.hard)
        .where(BOUNCE_TALLY.c.edition_id == edition_id)
        .with_for_update()
    ).one_or_none()
    if tally is None or edition.state != EditionState.SENDING or not is_too_much(*tally):
        return False
    settled, hard = tally
    share = f"{hard / settled:.1%}".replace("%", " %")
    reason = f"{hard} of {settled} settled deliveries ({share}) bounced hard"
    pause_and_alert(session, edition_id, reason=reason, now=now)
    session.execute(
        update(BOUNCE_TALLY)
        .where(BOUNCE_TALLY.c.edition_id == edition_id)
        .values(settled=0, hard=0)
    )
    return True
