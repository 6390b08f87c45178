"""`/preferences/TOKEN`: topics, a pause, tracking; what a reader chooses takes effect at once."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from newsletter.web import wording
from newsletter.web.house import Here, client_ip
from newsletter.web.pages import Problem
from newsletter.web.public.choices import muted_by, topic_boxes, tracking_choices
from newsletter.web.public.visitor import Visitor, read_visitor
from subscribers import preferences
from subscribers.consent import Agreement
from subscribers.errors import InvalidPreference
from subscribers.models import State, Subscriber, Tracking

router = APIRouter()

WEEK = 7 * 86400.0
PAUSES = {"2": "two weeks", "4": "four weeks", "12": "twelve weeks"}
"""Weeks that the page offers -> their words."""
RESUME = "resume"
GRANTED = Problem(
    200,
    "Saved",
    "Your choices are in effect. The link at the foot of every edition leads back to them; this "
    "one has done its work.",
)


class PreferencesForm(BaseModel):
    """The form as it stood when it was sent; `pause` empty: as it was."""

    topics: list[str] = []
    pause: str = ""
    tracking: str = ""


@router.get("/preferences/{token}")
def show_preferences(token: str, house: Here, saved: Annotated[str, Query()] = "") -> Response:
    with house.database.reading() as session:
        visitor = read_visitor(session, house.site.signer, token, now=house.now())
        publication = visitor.publication
        shown = preferences.show(session, visitor.subscriber_id, publication.key)
        return house.pages.page(
            "preferences.html.j2",
            publication,
            token=token,
            reader=shown,
            subscribed=shown.state in {State.ACTIVE, State.PAUSED},
            saved=bool(saved),
            topics=topic_boxes(publication, shown.muted),
            pauses=PAUSES,
            tracking=tracking_choices(publication, shown.tracking, may_grant=visitor.is_fresh),
        )


@router.post("/preferences/{token}")
def save_preferences(
    token: str, request: Request, house: Here, form: Annotated[PreferencesForm, Form()]
) -> Response:
    """Save, and show the page anew; a fresh link that granted tracking is used up by it."""

    def work(session: Session) -> tuple[Visitor, bool]:
        now = house.now()
        visitor = read_visitor(session, house.site.signer, token, now=now)
        whose = (visitor.subscriber_id, visitor.publication.key)
        muted = muted_by(visitor.publication, form.topics)
        preferences.mute(session, *whose, muted, declared=visitor.publication.topic_keys, now=now)
        _set_pause(session, visitor, form.pause, now=now)
        granted = _set_tracking(session, visitor, form.tracking, ip=client_ip(request), now=now)
        return visitor, granted

    visitor, granted = house.database.transact(work)
    if not granted:
        return RedirectResponse(f"/preferences/{token}?saved=yes", status_code=303)
    return house.pages.problem(visitor.publication, GRANTED)


def _set_pause(session: Session, visitor: Visitor, wanted: str, *, now: float) -> None:
    whose = (visitor.subscriber_id, visitor.publication.key)
    if wanted == RESUME:
        preferences.resume(session, *whose, now=now)
    elif wanted in PAUSES:
        preferences.pause(session, *whose, until=now + int(wanted) * WEEK, now=now)


def _set_tracking(session: Session, visitor: Visitor, wanted: str, *, ip: str, now: float) -> bool:
    """Set how the reader is tracked; tell whether that granted more than before."""
    publication = visitor.publication
    shown = preferences.show(session, visitor.subscriber_id, publication.key)
    choices = tracking_choices(publication, shown.tracking, may_grant=visitor.is_fresh)
    choice = next((one for one in choices if one.value == wanted and not one.chosen), None)
    if choice is None:
        return False
    if choice.locked:
        raise InvalidPreference(
            "To be linked to you takes a link that we mail to you alone: sign up once more, and "
            "the mail that you get has it."
        )
    preferences.set_tracking(
        session,
        visitor.subscriber_id,
        publication.key,
        Tracking(choice.value),
        Agreement("preferences", wording.tracking_consent(publication.name), wording.VERSION, ip),
        now=now,
    )
    if choice.value == Tracking.LINKED:
        session.get_one(Subscriber, visitor.subscriber_id).link_epoch += 1
        return True
    return False
