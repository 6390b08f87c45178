"""HTML pages from templates."""

import datetime as dt
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from emails.wording import long_date
from newsletter.editions.models import Edition
from newsletter.publications import Publication

STATIC = files("newsletter.web") / "static"
PRIVATE = {"Cache-Control": "no-store"}
PUBLIC = {"Cache-Control": "public, max-age=60", "Vary": "Host"}


@dataclass(frozen=True)
class Problem:
    """What a page says where there is nothing else to show: two sentences."""

    status: int
    title: str
    text: str


BUSY = Problem(
    503, "One moment, please", "We can't look that up just now. Please try again shortly."
)
RETRY_SECONDS = "30"


class Pages:
    """The templates, compiled once."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("newsletter.web"),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"long_date": long_date, "day": day_of, "title": title_of}
        self._environment.globals["stylesheet"] = f"/static/site.css?v={_fingerprint('site.css')}"

    def text(self, template: str, **values: Any) -> str:
        """Render a template to text."""
        return self._environment.get_template(template).render(**values)

    def page(
        self, template: str, publication: Publication | None, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Render a page that nobody else should see or keep: forms, links from mails."""
        html = self.text(template, publication=publication, **values)
        return HTMLResponse(html, status_code=status, headers=PRIVATE)

    def open_page(self, template: str, publication: Publication, **values: Any) -> HTMLResponse:
        """Render a page that is the same for everyone, and may be cached for a minute."""
        html = self.text(template, publication=publication, **values)
        return HTMLResponse(html, headers=PUBLIC)

    def problem(self, publication: Publication | None, problem: Problem) -> HTMLResponse:
        """Render what went wrong, or what there is to know."""
        page = self.page("problem.html.j2", publication, status=problem.status, problem=problem)
        if problem.status == BUSY.status:
            page.headers["Retry-After"] = RETRY_SECONDS
        return page


def day_of(seconds: float) -> dt.date:
    """The day, in UTC, of a time in seconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()


def title_of(edition: Edition) -> str:
    """What a list calls an edition: its title, else its date."""
    return edition.title or long_date(edition.date)


def _fingerprint(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]
