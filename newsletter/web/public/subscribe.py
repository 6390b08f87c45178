"""`/subscribe`: the form, and the same answer for everyone who sends it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from newsletter.publications import Publication
from newsletter.signup_policy import signup_policy
from newsletter.web.challenge import solved
from newsletter.web.house import Here, House, client_ip
from newsletter.web.public.choices import muted_by, topic_boxes, why_no_address
from newsletter.web.public.wishes import Wishes
from newsletter.web.reception import SignUp
from newsletter.web.wording import tracking_consent
from subscribers import signup
from subscribers.addresses import doubts, parse, suggest
from subscribers.errors import AddressRefused, InvalidAddress

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
    return _form(house, request, SignupForm())


@router.post("/subscribe")
async def subscribe(request: Request, house: Here, form: Annotated[SignupForm, Form()]) -> Response:
    """Take a request; the answer tells nothing of who reads what."""
    policy = signup_policy(house.settings).addresses
    try:
        address = parse(form.email, policy)
    except (InvalidAddress, AddressRefused) as error:
        problem = why_no_address(form.email, error)
        return await run_in_threadpool(_form, house, request, form, problem=problem)
    ip = client_ip(request)
    passed = not form.website and await solved(house.challenge, form.others, ip=ip, now=house.now())
    asked = signup.Request(
        email=form.email, source="form", ip=ip, honeypot=form.website, challenge_passed=passed
    )
    host = request.headers.get("host", "")
    publication = await house.reception.take(
        SignUp(host, asked, address, partial(_wishes, form=form))
    )
    return house.pages.page(
        "subscribe_sent.html.j2",
        publication,
        email=form.email,
        suggestion=suggest(address),
        doubts=doubts(address, policy),
    )


def _wishes(publication: Publication, form: SignupForm) -> Wishes:
    return Wishes(muted=_muted(publication, form), tracking=form.tracking)


def _muted(publication: Publication, form: SignupForm) -> tuple[str, ...]:
    return muted_by(publication, form.topics) if form.topics_shown else ()


def _form(house: House, request: Request, form: SignupForm, *, problem: str = "") -> Response:
    """The form as it was filled in, with what is wrong with it."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
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
