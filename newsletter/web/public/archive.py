"""`/archive`: every edition that went out, on the web and as the mail that readers got."""

import itertools
from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from emails.slots import fill
from emails.web import render_web
from newsletter.editions.models import Edition
from newsletter.editions.variants import Variant, composed, current_issue, earlier_issues
from newsletter.publications import Publication
from newsletter.web.house import Here, House
from newsletter.web.pages import PUBLIC
from newsletter.web.public.back_numbers import find_published, neighbours, went_out
from newsletter.web.public.feed import atom
from newsletter.web.public.visitor import WEB_COPY

router = APIRouter(prefix="/archive")

FEED_LENGTH = 20
# A mail brings its own styles; nothing else in it may act. Its links open beside it.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src https: http: data:; frame-ancestors 'self'"
)


@router.get("")
def show_archive(
    request: Request, house: Here, year: Annotated[int | None, Query()] = None
) -> Response:
    """The editions of one year, the latest if none is named, month by month."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
        editions = went_out(session, publication.key)
    years = sorted({edition.date.year for edition in editions}, reverse=True)
    shown = year if year is not None or not years else years[0]
    in_year = [edition for edition in editions if edition.date.year == shown]
    months = itertools.groupby(in_year, key=lambda edition: f"{edition.date:%B}")
    return house.pages.open_page(
        "archive.html.j2",
        publication,
        years=years,
        year=shown,
        months=[(month, list(group)) for month, group in months],
    )


@router.get("/feed.xml")
def show_feed(request: Request, house: Here) -> Response:
    """The latest editions as an Atom feed (RFC 4287)."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
        editions = went_out(session, publication.key, limit=FEED_LENGTH)
    xml = atom(publication, editions, root=publication.site_url(house.site.base_url))
    return Response(xml, media_type="application/atom+xml", headers=PUBLIC)


@router.get("/{date}/email")
def show_mail(date: str, request: Request, house: Here) -> Response:
    return _mail(house, request, date)


@router.get("/{date}/{slug}/email")
def show_mail_of_second(date: str, slug: str, request: Request, house: Here) -> Response:
    return _mail(house, request, f"{date}/{slug}")


@router.get("/{date}")
def show_edition(date: str, request: Request, house: Here) -> Response:
    return _edition(house, request, date)


@router.get("/{date}/{slug}")
def show_second_edition(date: str, slug: str, request: Request, house: Here) -> Response:
    return _edition(house, request, f"{date}/{slug}")


def _edition(house: House, request: Request, name: str) -> Response:
    """The web page made from the issue: whole abstracts, anchors, plain links."""
    with house.database.reading() as session:
        publication = house.publication(session, request)
        edition = find_published(session, publication.key, name)
        beside = neighbours(session, edition)
        body = _body(session, house, publication, edition)
    return house.pages.open_page(
        "edition.html.j2", publication, edition=edition, beside=beside, body=body
    )


def _body(session: Session, house: House, publication: Publication, edition: Edition) -> Markup:
    return render_web(
        current_issue(session, edition),
        publication.brand(house.site.base_url),
        addresses=house.site.addresses(publication, edition.key, edition.name, "off"),
        earlier=earlier_issues(session, edition),
    )


def _mail(house: House, request: Request, name: str) -> Response:
    """The mail as readers without tracking got it; its own links lead to nobody."""

    def work(session: Session) -> str:
        publication = house.publication(session, request)
        edition = find_published(session, publication.key, name)
        _, mail = composed(session, edition, publication, Variant("off"), house.site)
        return fill(mail.html, mail.slots, mail.values(WEB_COPY))

    html = house.database.transact(work)
    return HTMLResponse(html, headers={**PUBLIC, "Content-Security-Policy": MAIL_POLICY})
