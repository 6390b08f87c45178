"""`/subscribe`: the form, and the same answer for everyone who sends it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session
from starlette.responses import Response

from newsletter.publications import Publication
from newsletter.signup_policy import signup_policy
from newsletter.web.house import Here, House, client_ip
from newsletter.web.public.choices import muted_by, topic_boxes
from newsletter.web.public.wishes import Wishes, queue_answer
from newsletter.web.wording import tracking_consent
from subscribers import signup
from subscribers.errors import AddressRefused, InvalidAddress
from subscribers.signup import Answer

router = APIRouter()


class SignupForm(BaseModel):
    """What the form brought; one embedded elsewhere may have nothing but the address.

    Fields that are not ours are the challenge's.
    """

    model_config = ConfigDict(extra="allow")

    email: str = ""
    website: str = ""
    """The honeypot: people don't see it."""
    topics: list[str] = []
    topics_shown: bool = False
    """Whether none ticked means none, or only that the form asks for no topics."""
    tracking: bool = False

    @property
    def others(self) -> dict[str, str]:
        return {name: str(value) for name, value in (self.model_extra or {}).items()}


@router.get("/subscribe")
def show_form(request: Request, house: Here) -> Response:
    with house.database.reading() as session:
        return _form(house, house.publication(session, request), SignupForm())


@router.post("/subscribe")
def subscribe(request: Request, house: Here, form: Annotated[SignupForm, Form()]) -> Response:
    """Take a request; the answer tells nothing of who reads what."""
    ip, now = client_ip(request), house.now()
    # Before the transaction: it may ask a server, or the database.
    passed = not form.website and house.challenge.passed(form.others, ip=ip, now=now)

    def work(session: Session) -> tuple[Publication, Answer]:
        publication = house.publication(session, request)
        asked = signup.Request(
            email=form.email,
            source="form",
            ip=ip,
            honeypot=form.website,
            challenge_passed=passed,
        )
        answer = signup.request(
            session,
            publication.key,
            asked,
            signup_policy(house.settings),
            hash_of=house.site.signer.keyed_hash,
            now=now,
        )
        if answer.mail is not None:
            queue_answer(session, answer.mail, _wishes(publication, form), now=now)
        return publication, answer

    try:
        publication, answer = house.database.transact(work)
    except (InvalidAddress, AddressRefused) as error:
        with house.database.reading() as session:
            return _form(house, house.publication(session, request), form, problem=str(error))
    return house.pages.page(
        "subscribe_sent.html.j2",
        publication,
        email=form.email,
        suggestion=answer.suggestion,
        doubts=answer.doubts,
    )


def _wishes(publication: Publication, form: SignupForm) -> Wishes:
    return Wishes(muted=_muted(publication, form), tracking=form.tracking)


def _muted(publication: Publication, form: SignupForm) -> tuple[str, ...]:
    return muted_by(publication, form.topics) if form.topics_shown else ()


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
        challenge=Markup(house.challenge.html(now=house.now())),  # noqa: S704 - it promises safe HTML
    )
