"""`newsletter preview FILE`: the mail beside the editor, made anew whenever the file is saved.

What stands in the frames is what `compose` gives: the one render path. Errors in the file stand
in place of the mail, with their lines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.composition import Composition, Finding
from emails.errors import EmailsError, IssueFileError, Problem
from emails.issue import Issue
from emails.issue_files import load_issue
from emails.preflight import HTML_BUDGET, check, filled_size
from newsletter.errors import NewsletterError
from newsletter.web.pages import STATIC, Pages

MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
BrandOf = Callable[[Issue], Brand]
DARK_QUERY = "(prefers-color-scheme: dark)"


@dataclass(frozen=True)
class Proof:
    """The file as it is now: composed, or what is wrong with it."""

    stamp: str
    composition: Composition | None = None
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: str = ""


def create_preview(file: Path, brand_of: BrandOf) -> Starlette:
    """Build the application that shows one edition file, in the brand that goes with its issue."""
    pages = Pages()

    def show(_request: Request) -> Response:
        proof = make_proof(file, brand_of)
        html = pages.text("preview.html.j2", name=file.name, proof=proof, **_size(proof))
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY})

    def mail(request: Request) -> Response:
        composition = make_proof(file, brand_of).composition
        html = composition.html if composition else ""
        if "dark" in request.query_params:
            html = forced_dark(html)
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    def text(_request: Request) -> Response:
        composition = make_proof(file, brand_of).composition
        return PlainTextResponse(composition.text if composition else "")

    def stamp(_request: Request) -> Response:
        return JSONResponse({"stamp": _stamp(file)})

    return Starlette(
        routes=[
            Route("/", show),
            Route("/mail", mail),
            Route("/text", text),
            Route("/stamp", stamp),
            Mount("/static", StaticFiles(directory=str(STATIC))),
        ]
    )


def make_proof(file: Path, brand_of: BrandOf) -> Proof:
    """Compose the file as it stands."""
    stamp = _stamp(file)
    try:
        loaded = load_issue(file)
        brand = brand_of(loaded.issue)
        composition = compose(loaded.issue, brand, addresses=Addresses.sample())
    except IssueFileError as error:
        return Proof(stamp, problems=tuple(error.problems))
    except (EmailsError, NewsletterError, OSError) as error:
        return Proof(stamp, error=str(error))
    findings = check(composition, issue=loaded.issue, brand=brand)
    return Proof(stamp, composition.without_reader(), findings, loaded.warnings)


def forced_dark(html: str) -> str:
    """The mail as a reader in dark mode sees it, whatever this browser prefers."""
    return html.replace(DARK_QUERY, "all")


def _stamp(file: Path) -> str:
    """Changes whenever the file's content does."""
    try:
        return sha256(file.read_bytes()).hexdigest()[:16]
    except OSError:
        return "missing"


def _size(proof: Proof) -> dict[str, Any]:
    size = filled_size(proof.composition) if proof.composition else 0
    return {"size": size, "budget": HTML_BUDGET}
