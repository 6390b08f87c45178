"""Leaving: by one click (RFC 8058), on the page, or because of a complaint; and thinking better.

Everything here may be repeated: a mailbox provider posts twice, a reader presses twice.
"""

from contextlib import suppress

from sqlmodel import Session, col, select

from subscribers import consent, suppression
from subscribers.consent import Agreement
from subscribers.errors import CannotUndo, UnknownReader
from subscribers.models import (
    ConsentKind,
    State,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from subscribers.readers import find_to_change
from subscribers.states import Act, move

COMPLAINT = "complaint"


def leave(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    act: Agreement,
    *,
    now: float,
    reason: str = "",
) -> bool:
    """End a subscription; tell whether it stood until now. Raises UnknownReader.

    Links to confirm that were mailed before are void. A reason given later, on the page after
    the click, is kept: call it again.
    """
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    changed = _end(session, subscription, act, reason, now=now)
    assert subscriber.email_key is not None
    suppression.refresh_mailable(session, subscriber.email_key)
    return changed


def _end(
    session: Session, subscription: Subscription, act: Agreement, reason: str, *, now: float
) -> bool:
    changed = move(subscription, Act.LEAVE, now=now)
    if subscription.end_reason != COMPLAINT:
        subscription.end_reason = reason or subscription.end_reason
    if changed or reason == COMPLAINT:
        subscription.confirm_epoch += 1
    if changed:
        subscription.consent_id = consent.withdraw(
            session, subscription, ConsentKind.MAIL, act, now=now
        )
    return changed


def leave_all(
    session: Session, subscriber_id: int, act: Agreement, *, now: float, reason: str = ""
) -> tuple[int, ...]:
    """End every subscription of a reader; return the publications that they left just now."""
    subscriber = session.get(
        Subscriber, subscriber_id, with_for_update=True, populate_existing=True
    )
    if subscriber is None or subscriber.email_key is None:
        raise UnknownReader("There is no such reader; they may have been erased.")
    theirs = session.exec(
        select(Subscription)
        .where(col(Subscription.subscriber_id) == subscriber_id)
        .order_by(col(Subscription.publication_id))
        .execution_options(populate_existing=True)
    ).all()
    left = tuple(
        subscription.publication_id
        for subscription in theirs
        if _end(session, subscription, act, reason, now=now)
    )
    suppression.refresh_mailable(session, subscriber.email_key)
    return left


def complain(session: Session, email_key: str, act: Agreement, *, now: float) -> tuple[int, ...]:
    """Take a complaint: the address is suppressed and every subscription ends.

    Returns the publications left. A complaint is about mail from us, whichever it was: links to
    confirm that were mailed before are void, also of who had left already.
    """
    suppression.suppress(
        session, email_key, SuppressionReason.COMPLAINT, now=now, source=act.source, note=act.note
    )
    reader = session.exec(select(Subscriber).where(col(Subscriber.email_key) == email_key)).first()
    if reader is None or reader.id is None:
        return ()
    return leave_all(session, reader.id, act, now=now, reason=COMPLAINT)


def undo(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    act: Agreement,
    *,
    now: float,
    within: float,
) -> Subscription:
    """Take back an unsubscription of the last `within` seconds, with the choices of before.

    Raises CannotUndo after that, after a complaint, and for who had never confirmed: the link
    in a mail may lie in other hands, and a new sign-up is as quick. Repeating it changes nothing.
    """
    subscriber, subscription = find_to_change(session, subscriber_id, publication_id)
    if subscription.state == State.ACTIVE:
        return subscription
    _check_undoable(subscription, now=now, within=within)
    move(subscription, Act.UNDO, now=now)
    subscription.consent_id = consent.grant(session, subscription, ConsentKind.MAIL, act, now=now)
    assert subscriber.email_key is not None
    suppression.refresh_mailable(session, subscriber.email_key)
    return subscription


def undo_all(
    session: Session,
    subscriber_id: int,
    publication_id: int,
    act: Agreement,
    *,
    now: float,
    within: float,
) -> None:
    """Take back an unsubscription, and those of other publications that ended by the same act.

    Raises CannotUndo as `undo` does, for the one that was asked about.
    """
    ended = find_to_change(session, subscriber_id, publication_id)[1].ended_at
    undo(session, subscriber_id, publication_id, act, now=now, within=within)
    together = session.exec(
        select(Subscription.publication_id)
        .where(
            col(Subscription.subscriber_id) == subscriber_id,
            col(Subscription.state) == State.UNSUBSCRIBED,
            col(Subscription.ended_at) == ended,
        )
        .order_by(col(Subscription.publication_id))
    ).all()
    for other in together:
        with suppress(CannotUndo):  # one that had never been confirmed
            undo(session, subscriber_id, other, act, now=now, within=within)


def _check_undoable(subscription: Subscription, *, now: float, within: float) -> None:
    ended = subscription.ended_at
    recent = ended is not None and now - ended <= within
    if not recent or subscription.confirmed_at is None or subscription.end_reason == COMPLAINT:
        raise CannotUndo("That can't be undone any more. Please sign up once more.")
