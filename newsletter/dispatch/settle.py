"""Settle: what becomes of deliveries that nobody can be sure of.

By the provider's events (feedback), by a person's word or a mail log (here), or by the
publication's policy after a wait. Never by sending again blindly.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlmodel import Session

from newsletter.database import db_now
from newsletter.dispatch.alerts import alert
from newsletter.dispatch.locks import lock_batches
from newsletter.dispatch.mailing import delivery_key
from newsletter.dispatch.models import DELIVERY
from newsletter.dispatch.requeue import requeue
from newsletter.dispatch.states import DeliveryState
from newsletter.editions.locks import own_edition
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from newsletter.errors import EditionError
from newsletter.publications import Publication
from subscribers.among import among

STARTED = frozenset(
    {EditionState.SENDING, EditionState.PAUSED, EditionState.CANCELLED, EditionState.SENT}
)
ALERT_SECONDS = 3600
MESSAGE_ID = re.compile(r"<?(\d+-\d+)@")


@dataclass(frozen=True)
class Unsure:
    """One delivery in doubt."""

    subscriber_id: int
    batch_id: int


def unsure_deliveries(session: Session, edition_id: int) -> list[Unsure]:
    """Every delivery of the edition that is in doubt, locked in the order of its key."""
    rows = session.execute(
        select(DELIVERY.c.subscriber_id, DELIVERY.c.batch_id)
        .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.state == DeliveryState.UNSURE)
        .order_by(DELIVERY.c.subscriber_id)
        .with_for_update()
    )
    return [Unsure(*row) for row in rows]


def settle_as_sent(session: Session, edition_id: int, *, assumed: bool) -> int:
    """Take every unsure delivery as accepted; return how many. `assumed`: without evidence."""
    _lock_started(session, edition_id)
    ids = [one.subscriber_id for one in unsure_deliveries(session, edition_id)]
    _mark_accepted(session, edition_id, ids, assumed=assumed)
    return len(ids)


def settle_by_evidence(session: Session, edition_id: int, log_lines: Iterable[str]) -> int:
    """Take as accepted what a mail log names by our Message-ID; return how many.

    What the log doesn't name stays unsure: absence is evidence only to somebody who knows that
    the log is whole, and who then says so with a resend.
    """
    named = {match[1] for line in log_lines for match in MESSAGE_ID.finditer(line)}
    _lock_started(session, edition_id)
    ids = [
        one.subscriber_id
        for one in unsure_deliveries(session, edition_id)
        if delivery_key(edition_id, one.subscriber_id) in named
    ]
    _mark_accepted(session, edition_id, ids, assumed=False)
    return len(ids)


def settle_by_resend(session: Session, edition_id: int, *, most_attempts: int = sys.maxsize) -> int:
    """Queue unsure deliveries again, in new batches; return how many.

    Those of batches that were tried `most_attempts` times already stay unsure.
    """
    edition = _lock_started(session, edition_id)
    if edition.state == EditionState.CANCELLED:
        raise EditionError(f"Edition {edition.name} is cancelled: nothing more of it is sent.")
    origins: dict[int, list[int]] = defaultdict(list)
    for one in unsure_deliveries(session, edition_id):
        origins[one.batch_id].append(one.subscriber_id)
    batches = lock_batches(session, origins)
    now = session.execute(select(db_now())).scalar_one()
    settled = 0
    for batch_id, ids in sorted(origins.items()):
        origin = batches[batch_id]
        attempt = origin.attempt + 1
        if attempt <= most_attempts:
            requeue(session, origin, ids, variant=origin.variant, due_at=now, attempt=attempt)
            settled += len(ids)
    return settled


def apply_policy(session: Session, edition_id: int, *, wait: float, now: float) -> int:
    """Act on deliveries that have been unsure for `wait` seconds, as the publication says.

    ask: alert a person, once; resend; assume-sent: marked as assumed. Returns how many settled.
    """
    oldest = session.execute(
        select(DELIVERY.c.unsure_at)
        .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.state == DeliveryState.UNSURE)
        .order_by(DELIVERY.c.unsure_at)
        .limit(1)
    ).scalar()
    if oldest is None or oldest > session.execute(select(db_now())).scalar_one() - wait:
        return 0
    edition = session.get_one(Edition, edition_id)
    match session.get_one(Publication, edition.publication_id).unsure:
        case "resend":
            # Once: whoever is in doubt again is a person's matter, not a machine's.
            settled = settle_by_resend(session, edition_id, most_attempts=1)
            if not settled:
                _ask(session, edition, now=now)
            return settled
        case "assume-sent":
            return settle_as_sent(session, edition_id, assumed=True)
        case _:
            _ask(session, edition, now=now)
            return 0


def _ask(session: Session, edition: Edition, *, now: float) -> None:
    """Alert once for each hour in which something came into doubt that is the oldest now."""
    count = len(unsure_deliveries(session, edition.key))
    oldest = session.execute(
        select(func.min(DELIVERY.c.unsure_at)).where(
            DELIVERY.c.edition_id == edition.key, DELIVERY.c.state == DeliveryState.UNSURE
        )
    ).scalar_one()
    alert(
        session,
        edition.publication_id,
        key=f"unsure:{edition.key}:{int(oldest // ALERT_SECONDS)}",
        subject=f"Edition {edition.name}: {count} deliveries not confirmed by the provider",
        lines=[
            "A worker died or the provider's answer was lost while they were handed over.",
            f"With a mail log: newsletter edition resolve {edition.name} --evidence FILE",
            f"Sure that they went out: newsletter edition resolve {edition.name} --sent",
            f"Sure that they did not: newsletter edition resolve {edition.name} --resend",
        ],
        now=now,
    )


def _mark_accepted(session: Session, edition_id: int, ids: list[int], *, assumed: bool) -> None:
    session.exec(
        update(DELIVERY)
        .where(
            DELIVERY.c.edition_id == edition_id,
            among(DELIVERY.c.subscriber_id, ids),
            DELIVERY.c.state == DeliveryState.UNSURE,
        )
        .values(state=DeliveryState.ACCEPTED, accepted_at=db_now(), unsure_at=None, assumed=assumed)
    )


def _lock_started(session: Session, edition_id: int) -> Edition:
    edition = own_edition(session, edition_id)
    if edition.state not in STARTED:
        raise EditionError(f"Edition {edition.name} is {edition.state}: nothing is in doubt.")
    return edition
