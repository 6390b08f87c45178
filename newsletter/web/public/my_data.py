"""`/my-data`: a copy of all that is kept about a person, or its erasure.

Anyone may ask, for any address; the answer is the same. Only the address itself gets the link:
for one purpose, once, for a day. Following it shows a page; its button acts.
"""

from enum import StrEnum
from typing import Annotated

import orjson
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from sqlmodel import Session
from starlette.responses import Response

from newsletter.errors import TokenExpired
from newsletter.privacy.erasure import empty_webhooks, erase_person
from newsletter.privacy.person import whole_person
from newsletter.publications import Publication
from newsletter.tokens import Purpose
from newsletter.web.house import Here, House, client_ip
from newsletter.web.pages import PRIVATE, Problem
from newsletter.web.public.choices import why_no_address
from newsletter.web.public.fresh_mail import mail_fresh_link
from subscribers import fresh_links
from subscribers.addresses import mask
from subscribers.consent import Agreement
from subscribers.errors import InvalidAddress

router = APIRouter()

SOURCE = "page"
ERASED = Problem(
    200,
    "All is erased",
    "Nothing that names you is kept any more, and no mail will come. If you like, you can subscribe "
    "again whenever you want, as somebody new.",
)


class Wish(StrEnum):
    """What somebody wants; also the kind of the notice that mails the link."""

    COPY = "copy"
    ERASURE = "erasure"


WORDS = {
    Wish.COPY: "A copy of all that you keep about me",
    Wish.ERASURE: "Erase all that you keep about me",
}
PURPOSES = {Wish.COPY: Purpose.COPY, Wish.ERASURE: Purpose.ERASURE}


class MyDataForm(BaseModel):
    """The form at `/my-data`."""

    email: str = ""
    wish: Wish = Wish.COPY
    website: str = ""
    """The honeypot."""


@router.get("/my-data")
def show_form(request: Request, house: Here) -> Response:
    return _form(house, request, MyDataForm())


@router.post("/my-data")
def ask(request: Request, house: Here, form: Annotated[MyDataForm, Form()]) -> Response:
    """Mail the link, if there is somebody to mail it to; the answer doesn't tell."""

    def work(session: Session) -> Publication:
        publication = house.publication(session, request)
        if not form.website:
            mail_fresh_link(
                house,
                session,
                publication,
                form.email,
                kind=form.wish.value,
                what=f"asked for {form.wish} of their data",
                source=SOURCE,
                ip=client_ip(request),
            )
        return publication

    try:
        publication = house.database.transact(work)
    except InvalidAddress as error:
        return _form(house, request, form, problem=why_no_address(form.email, error))
    return house.pages.page("my_data_sent.html.j2", publication, email=form.email)


@router.get("/my-data/copy/{token}")
def show_copy(token: str, house: Here) -> Response:
    return _show(house, token, Wish.COPY)


@router.post("/my-data/copy/{token}")
def give_copy(token: str, house: Here) -> Response:
    """Give the copy as a file; the link has done its work."""

    def work(session: Session) -> bytes:
        _, subscriber_id, epoch = _read(house, token, Wish.COPY)
        fresh_links.use(session, subscriber_id, epoch)
        session.flush()
        return orjson.dumps(whole_person(session, subscriber_id), option=orjson.OPT_INDENT_2)

    headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(house.database.transact(work), media_type="application/json", headers=headers)


@router.get("/my-data/erasure/{token}")
def show_erasure(token: str, house: Here) -> Response:
    return _show(house, token, Wish.ERASURE)


@router.post("/my-data/erasure/{token}")
def erase(token: str, house: Here) -> Response:
    """Erase the person from the whole house."""

    def work(session: Session) -> tuple[Publication, str]:
        publication_id, subscriber_id, epoch = _read(house, token, Wish.ERASURE)
        fresh_links.use(session, subscriber_id, epoch)
        email_key = erase_person(
            session,
            subscriber_id,
            Agreement(SOURCE),
            by="reader",
            hash_of=house.site.signer.keyed_hash,
            now=house.now(),
        )
        return session.get_one(Publication, publication_id), email_key

    publication, email_key = house.database.transact(work)
    empty_webhooks(house.database, email_key)
    return house.pages.problem(publication, ERASED)


def _show(house: House, token: str, wish: Wish) -> Response:
    with house.database.reading() as session:
        publication_id, subscriber_id, epoch = _read(house, token, wish)
        reader = fresh_links.check(session, subscriber_id, epoch)
        return house.pages.page(
            "my_data_act.html.j2",
            session.get_one(Publication, publication_id),
            address=mask(reader.email or ""),
            erasure=wish == Wish.ERASURE,
        )


def _read(house: House, token: str, wish: Wish) -> tuple[int, ...]:
    """The link's publication, subscriber and epoch."""
    try:
        return house.site.signer.read_fresh(PURPOSES[wish], token, now=house.now())
    except TokenExpired as error:
        raise TokenExpired("Such a link works for a day. Ask for a new one at /my-data.") from error


def _form(house: House, request: Request, form: MyDataForm, *, problem: str = "") -> Response:
    """The form as it was filled in, with what is wrong with it."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
    return house.pages.page(
        "my_data.html.j2",
        publication,
        status=422 if problem else 200,
        email=form.email,
        problem=problem,
        wishes=[(wish.value, words, wish == form.wish) for wish, words in WORDS.items()],
    )
