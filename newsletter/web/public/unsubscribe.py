"""`/unsubscribe/TOKEN`: one click in a mail program (RFC 8058), or a page with a button.

A GET only shows the page: scanners follow every link. Any POST means it, whatever its body; the
answer is always 200, never a redirect, so that a mail program's click is told of its success.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from sqlmodel import Session, select
from starlette.responses import Response

from newsletter.feedback.effects import note_departure
from newsletter.feedback.events import DeliveryKey
from newsletter.one_line import one_line
from newsletter.publications import Publication
from newsletter.web.house import Here, House
from newsletter.web.public.visitor import Visitor, read_leaver
from subscribers import preferences, unsubscribe
from subscribers.consent import Agreement
from subscribers.models import State

router = APIRouter()

UNDO_SECONDS = 3600.0
REASONS = {
    "too-often": "It comes too often",
    "not-for-me": "It isn't for me any more",
    "not-mine": "I never signed up",
    "too-long": "It is too long",
    "other": "Something else",
}
NOTE_LENGTH = 300


@router.get("/unsubscribe/{token}")
def show_button(token: str, house: Here) -> Response:
    """Show the page; nothing is changed."""
    with house.database.reading() as session:
        visitor = read_leaver(session, house.site.signer, token)
        shown = preferences.show(session, visitor.subscriber_id, visitor.publication.key)
        others = _has_others(session)
    if shown.state == State.UNSUBSCRIBED:
        return _left(house, visitor, shown.address, others=others)
    return house.pages.page(
        "unsubscribe.html.j2",
        visitor.publication,
        token=token,
        address=shown.address,
        others=others,
    )


@router.post("/unsubscribe/{token}")
def leave(
    token: str,
    house: Here,
    origin: Annotated[str, Query(alias="from")] = "one-click",
    which: Annotated[Literal["this", "all"], Query()] = "this",
) -> Response:
    """End the subscription, or all of them, at once; repeating it changes nothing."""

    def work(session: Session) -> tuple[Visitor, str]:
        now = house.now()
        visitor = read_leaver(session, house.site.signer, token)
        whose = (visitor.subscriber_id, visitor.publication.key)
        act = Agreement("page" if origin == "page" else "one-click")
        if which == "all":
            left = visitor.publication.key in unsubscribe.leave_all(session, whose[0], act, now=now)
        else:
            left = unsubscribe.leave(session, *whose, act, now=now)
        if left and visitor.edition_id is not None:
            mail = DeliveryKey(visitor.edition_id, visitor.subscriber_id)
            note_departure(session, mail, at=now)
        return visitor, preferences.show(session, *whose).address

    visitor, address = house.database.transact(work)
    return _left(house, visitor, address)


@router.post("/unsubscribe/{token}/reason")
def tell_reason(
    token: str,
    house: Here,
    reason: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
) -> Response:
    """Keep why somebody left, if they want to say so."""

    def work(session: Session) -> tuple[Visitor, str]:
        visitor = read_leaver(session, house.site.signer, token)
        whose = (visitor.subscriber_id, visitor.publication.key)
        shown = preferences.show(session, *whose)
        if shown.state == State.UNSUBSCRIBED:
            said = _said(reason, note)
            unsubscribe.leave(session, *whose, Agreement("page"), now=house.now(), reason=said)
        return visitor, shown.address

    visitor, address = house.database.transact(work)
    return _left(house, visitor, address, thanks=True)


@router.post("/unsubscribe/{token}/undo")
def undo(token: str, house: Here) -> Response:
    """Take the unsubscription back, within the hour, with all that ended at the same moment."""

    def work(session: Session) -> tuple[Visitor, str]:
        now = house.now()
        visitor = read_leaver(session, house.site.signer, token)
        whose = (visitor.subscriber_id, visitor.publication.key)
        unsubscribe.undo_all(session, *whose, Agreement("page"), now=now, within=UNDO_SECONDS)
        return visitor, preferences.show(session, *whose).address

    visitor, address = house.database.transact(work)
    return house.pages.page("back.html.j2", visitor.publication, token=token, address=address)


def _left(
    house: House,
    visitor: Visitor,
    address: str,
    *,
    others: bool = False,
    thanks: bool = False,
) -> Response:
    return house.pages.page(
        "left.html.j2",
        visitor.publication,
        token=visitor.token,
        address=address,
        others=others,
        reasons=REASONS,
        thanks=thanks,
    )


def _has_others(session: Session) -> bool:
    """Whether there is more to leave here than one publication.

    Not whether this reader does, nor what: the mail may be in other hands.
    """
    return len(session.exec(select(Publication.id).limit(2)).all()) > 1


def _said(reason: str, note: str) -> str:
    """One of our words, and theirs on one line."""
    parts = (reason if reason in REASONS else "", one_line(note)[:NOTE_LENGTH])
    return ": ".join(part for part in parts if part)
