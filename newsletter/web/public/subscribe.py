"""`/subscribe`: the form, and the same answer for everyone who sends it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import Response

from newsletter.dispatch.queue import queue_notice
from newsletter.publications import Publication
from newsletter.web.house import Here, House, client_ip
from newsletter.web.public.choices import muted_by, topic_boxes
from newsletter.web.public.wishes import Wishes
from newsletter.web.wording import tracking_consent
from subscribers import signup
from subscribers.errors import AddressRefused, InvalidAddress
from subscribers.models import Subscriber
from subscribers.signup import Answer, MailKind, MailToSend, SignupPolicy

router = APIRouter()

POLICY = SignupPolicy()


class SignupForm(BaseModel):
    """What the form brought; one embedded elsewhere may have nothing but the address."""

    email: str = ""
    website: str = ""
    """The honeypot: people don't see it."""
    topics: list[str] = []
    topics_shown: bool = False
    """Whether none ticked means none, or only that the form asks for no topics."""
    tracking: bool = False


@router.get("/subscribe")
def show_form(request: Request, house: Here) -> Response:
    with house.database.reading() as session:
        return _form(house, house.publication(session, request), SignupForm())


@router.post("/subscribe")
def subscribe(request: Request, house: Here, form: Annotated[SignupForm, Form()]) -> Response:
    """Take a request; the answer tells nothing of who reads what."""

    def work(session: Session) -> tuple[Publication, Answer]:
        publication = house.publication(session, request)
        asked = signup.Request(
            email=form.email, source="form", ip=client_ip(request), honeypot=form.website
        )
        answer = signup.request(
            session,
            publication.key,
            asked,
            POLICY,
            hash_of=house.site.signer.keyed_hash,
            now=house.now(),
        )
        if answer.mail is not None:
            _queue(session, answer.mail, _wishes(publication, form), now=house.now())
        return publication, answer

    try:
        publication, answer = house.database.transact(work)
    except (InvalidAddress, AddressRefused) as error:
        with house.database.reading() as session:
            return _form(house, house.publication(session, request), form, problem=str(error))
    return house.pages.page(
        "subscribe_sent.html.j2", publication, email=form.email, suggestion=answer.suggestion
    )


def _wishes(publication: Publication, form: SignupForm) -> Wishes:
    return Wishes(muted=_muted(publication, form), tracking=form.tracking)


def _muted(publication: Publication, form: SignupForm) -> tuple[str, ...]:
    return muted_by(publication, form.topics) if form.topics_shown else ()


def _queue(session: Session, mail: MailToSend, wishes: Wishes, *, now: float) -> None:
    """Queue what only the address's owner will see: a link to confirm, or that they read already."""
    reader = session.get_one(Subscriber, mail.subscriber_id)
    kind, data = "welcome", {"epoch": reader.link_epoch}
    if mail.kind == MailKind.CONFIRM:
        kind, data = "confirm", {"epoch": mail.epoch, **wishes.as_data()}
    queue_notice(
        session,
        publication_id=mail.publication_id,
        kind=kind,
        email=reader.email or "",
        subscriber_id=mail.subscriber_id,
        data=data,
        now=now,
    )


def _form(
    house: House, publication: Publication, form: SignupForm, *, problem: str = ""
) -> Response:
    return house.pages.page(
        "subscribe.html.j2",
        publication,
        status=422 if problem else 200,
        email=form.email,
        problem=problem,
        topics=topic_boxes(publication, _muted(publication, form)),
        tracking_ticked=form.tracking,
        tracking_wording=tracking_consent(publication.name),
    )
