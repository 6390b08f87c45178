"""The inbox's pages: a list to search, a mail in three lights, and the report.

A mail stands in frames with a policy of their own (a page's policy would take its styles away):
no script, no image from anywhere, so that looking at a mail counts as nobody's open. Its links
work, each in a window of its own.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from newsletter.reports.report import EditionReport
from newsletter.sandbox.standin.control import Control
from newsletter.web.preview import LIGHTS, NO_PIXEL, in_light

PAGE = 40
TOP_LINKS = 10
STYLESHEET = files("newsletter.sandbox.inbox") / "inbox.css"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'"
)
OWN_WINDOW = '<base target="_blank">'
"""A link would else lead its frame away, which the page's policy forbids."""
IMAGE_SOURCE = re.compile(r'(<img\b[^>]*?\bsrc=")[^"]*')


@dataclass(frozen=True)
class Inbox:
    """What the pages show."""

    control: Control
    report: Callable[[], EditionReport]
    site: str
    """The newspaper's own address."""

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.show_list),
                Route("/mails/{id}", self.show_mail),
                Route("/mails/{id}/{light}", self.show_frame),
                Route("/report", self.show_report),
                Route("/inbox.css", show_stylesheet),
            ]
        )

    def show_list(self, request: Request) -> Response:
        """`?q=words&page=1`, newest first."""
        words, page = request.query_params.get("q", ""), _page(request)
        found = self.control.mails(words, offset=(page - 1) * PAGE, limit=PAGE)
        pages = max(-(-found["total"] // PAGE), 1)
        around = {
            name: "?" + urlencode({"q": words, "page": number}) if 1 <= number <= pages else None
            for name, number in (("newer", page - 1), ("older", page + 1))
        }
        return self._page("list.html.j2", **found, q=words, page=page, pages=pages, around=around)

    def show_mail(self, request: Request) -> Response:
        """One mail: its headers, three frames, its text part."""
        return self._page("mail.html.j2", mail=self._mail(request))

    def show_frame(self, request: Request) -> Response:
        """The mail's own HTML, in one light."""
        light = request.path_params["light"]
        if light not in LIGHTS:
            raise HTTPException(404)
        html = in_light(self._mail(request)["html"], light)
        html = html.replace("<head>", "<head>" + OWN_WINDOW, 1)
        html = IMAGE_SOURCE.sub(rf"\1{NO_PIXEL}", html)
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    def show_report(self, _request: Request) -> Response:
        """The edition's report, counted now."""
        report = self.report()
        clicked = sorted(report.links, key=lambda link: (-link.people, link.number))
        return self._page("report.html.j2", report=report, links=clicked[:TOP_LINKS])

    def _mail(self, request: Request) -> dict[str, Any]:
        try:
            return self.control.mail(request.path_params["id"])
        except HTTPError as error:
            raise HTTPException(error.code) from error

    def _page(self, template: str, **values: Any) -> Response:
        html = _TEMPLATES.get_template(template).render(site=self.site, **values)
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY})


def show_stylesheet(_request: Request) -> Response:
    return Response(STYLESHEET.read_bytes(), media_type="text/css")


def _page(request: Request) -> int:
    given = request.query_params.get("page", "1")
    return max(int(given), 1) if given.isdecimal() else 1


def _clock(seconds: float) -> str:
    """19:04:31, where this machine is."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone().strftime("%H:%M:%S")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


_TEMPLATES = Environment(
    loader=PackageLoader("newsletter.sandbox.inbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {"clock": _clock, "share": _share}
