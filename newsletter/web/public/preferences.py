"""`/preferences/TOKEN`: topics, a pause, tracking, language; in effect at once, whatever it is."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from newsletter.publications import Publication
from newsletter.web import wording
from newsletter.web.house import Here, House, client_ip
from newsletter.web.pages import Problem
from newsletter.web.public.choices import (
    ZONES,
    language_choices,
    muted_by,
    topic_boxes,
    tracking_choices,
    with_ticked,
)
from newsletter.web.public.fresh_mail import mail_fresh_link
from newsletter.web.public.visitor import Visitor, read_visitor
from subscribers import preferences
from subscribers.addresses import clean_name
from subscribers.consent import Agreement
from subscribers.errors import InvalidPreference, UnknownTimeZone
from subscribers.models import State, Subscriber, Tracking
from subscribers.preferences import Preferences
from subscribers.readers import find

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


MAILED = Problem(
    200,
    "Look in your inbox",
    "A mail with a link is on its way to your address. It opens this page once more, for a day, "
    "with all choices open. An address gets no more than three such mails a day.",
)


class PreferencesForm(BaseModel):
    """The form as it stood when it was sent; what it doesn't have stays as it was."""

    topics: list[str] = []
    pause: str = ""
    tracking: str = ""
    language: str | None = None
    time_zone: str | None = None
    name: str | None = None
    """Only by a freshly mailed link."""


@router.get("/preferences/{token}")
def show_preferences(token: str, house: Here, saved: Annotated[str, Query()] = "") -> Response:
    with house.database.reading() as session:
        visitor = read_visitor(session, house.site.signer, token, now=house.now())
        return _page(house, session, visitor, saved=bool(saved))


@router.post("/preferences/{token}")
def save_preferences(
    token: str, request: Request, house: Here, form: Annotated[PreferencesForm, Form()]
) -> Response:
    """Save, and show the page anew; a fresh link that gave us more than before is used up by it.

    A time zone that there is not saves nothing: the form comes back as it was filled in.
    """

    def work(session: Session) -> tuple[Visitor, bool]:
        now = house.now()
        visitor = read_visitor(session, house.site.signer, token, now=now)
        whose = (visitor.subscriber_id, visitor.publication.key)
        muted = muted_by(visitor.publication, form.topics)
        declared = visitor.publication.topic_keys
        preferences.mute(session, *whose, muted, declared=declared, now=now)
        _set_pause(session, visitor, form.pause, now=now)
        _set_place(session, visitor, form, now=now)
        ip = house.consent_ip(request)
        granted = _set_tracking(session, visitor, form.tracking, ip=ip, now=now)
        named = _set_name(session, visitor, form.name, now=now)
        if granted or named:
            session.get_one(Subscriber, visitor.subscriber_id).link_epoch += 1
        return visitor, granted or named

    try:
        visitor, used_up = house.database.transact(work)
    except UnknownTimeZone as error:
        return _form_again(house, token, form, problem=str(error))
    if not used_up:
        return RedirectResponse(f"/preferences/{token}?saved=yes", status_code=303)
    return house.pages.problem(visitor.publication, GRANTED)


@router.post("/preferences/{token}/fresh-link")
def ask_for_fresh_link(token: str, request: Request, house: Here) -> Response:
    """Mail the reader a link for what a mail's own doesn't allow; the answer is always the same."""

    def work(session: Session) -> Publication:
        visitor = read_visitor(session, house.site.signer, token, now=house.now())
        reader, _ = find(session, visitor.subscriber_id, visitor.publication.key)
        mail_fresh_link(
            house,
            session,
            visitor.publication,
            reader.email or "",
            kind="preferences",
            what="asked for a link to their preferences",
            source=preferences.PAGE,
            ip=client_ip(request),
        )
        return visitor.publication

    return house.pages.problem(house.database.transact(work), MAILED)


def _form_again(house: House, token: str, form: PreferencesForm, *, problem: str) -> Response:
    """The form as it was filled in, with what is wrong with its time zone."""
    with house.database.reading() as session:
        visitor = read_visitor(session, house.site.signer, token, now=house.now())
        return _page(house, session, visitor, form=form, problem=problem)


def _page(
    house: House,
    session: Session,
    visitor: Visitor,
    *,
    saved: bool = False,
    form: PreferencesForm | None = None,
    problem: str = "",
) -> Response:
    """A reader's choices as they are stored; with a `form`, as it stood there."""
    publication = visitor.publication
    stored = preferences.show(session, visitor.subscriber_id, publication.key)
    shown = _filled_in(stored, publication, form) if form else stored
    offered = tracking_choices(publication, stored.tracking, may_grant=visitor.is_fresh)
    return house.pages.page(
        "preferences.html.j2",
        publication,
        status=422 if problem else 200,
        token=visitor.token,
        reader=shown,
        fresh=visitor.is_fresh,
        subscribed=shown.state in {State.ACTIVE, State.PAUSED},
        saved=saved,
        problem=problem,
        topics=topic_boxes(publication, shown.muted),
        pause=form.pause if form else "",
        pauses=PAUSES,
        tracking=with_ticked(offered, form.tracking if form else ""),
        languages=language_choices(publication, shown.language),
        zones=ZONES,
    )


def _filled_in(stored: Preferences, publication: Publication, form: PreferencesForm) -> Preferences:
    """The choices that the form had; what it doesn't have is as stored."""
    return replace(
        stored,
        muted=muted_by(publication, form.topics),
        language=stored.language if form.language is None else form.language,
        time_zone=stored.time_zone if form.time_zone is None else form.time_zone,
        name=stored.name if form.name is None else form.name,
    )


def _set_place(session: Session, visitor: Visitor, form: PreferencesForm, *, now: float) -> None:
    whose = (visitor.subscriber_id, visitor.publication.key)
    if form.language is not None:
        preferences.set_language(session, *whose, form.language, now=now)
    if form.time_zone is not None:
        preferences.set_time_zone(session, *whose, form.time_zone.strip(), now=now)


def _set_name(session: Session, visitor: Visitor, wanted: str | None, *, now: float) -> bool:
    """Set the reader's name; tell whether it changed."""
    whose = (visitor.subscriber_id, visitor.publication.key)
    before = preferences.show(session, *whose).name
    if wanted is None or clean_name(wanted) == before:
        return False
    if not visitor.is_fresh:
        raise InvalidPreference("To change your name takes a link that we mail to you alone.")
    preferences.set_name(session, *whose, wanted, now=now)
    return True


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
            "To be linked to you takes a link that we mail to you alone: the page has a button "
            "for it."
        )
    preferences.set_tracking(
        session,
        visitor.subscriber_id,
        publication.key,
        Tracking(choice.value),
        Agreement("preferences", wording.tracking_consent(publication.name), wording.VERSION, ip),
        now=now,
    )
    return choice.value == Tracking.LINKED
