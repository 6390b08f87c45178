"""`/`: what this is, the form, the latest editions."""

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from newsletter.web.house import Here
from newsletter.web.public.back_numbers import went_out
from newsletter.web.public.choices import topic_boxes
from newsletter.web.wording import tracking_consent

router = APIRouter()

LATEST = 5


@router.get("/")
def landing(request: Request, house: Here) -> Response:
    with house.database.reading() as session:
        publication = house.publication(session, request)
        challenge = house.challenge.html(now=house.now())
        show = (
            house.pages.page if challenge else house.pages.open_page
        )  # each visitor has their own
        return show(
            "landing.html.j2",
            publication,
            challenge=Markup(challenge),  # noqa: S704 - it promises safe HTML
            editions=went_out(session, publication.key, limit=LATEST),
            topics=topic_boxes(publication, ()),
            tracking_wording=tracking_consent(publication.name),
        )
