"""`newsletter preview FILE`: the mail beside the editor, made anew whenever the file is saved.

What stands in the frames is what `compose` gives: the one render path. Errors in the file stand
in place of the mail, with their lines.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
NO_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
"""In the pixel's place: nobody's open is to be counted, and no host to be asked."""
BrandOf = Callable[[Issue], Brand]
AddressesOf = Callable[[Issue], Addresses]
DARK_QUERY = "(prefers-color-scheme: dark)"
LIGHTS = {"light": "not all", "dark": "all"}
"""What stands in the place of the dark query."""


@dataclass(frozen=True)
class Proof:
    """The file as it is now: composed, or what is wrong with it."""

    stamp: str
    composition: Composition | None = None
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Source:
    """What a proof is made of: an edition file, and what goes with its issue."""

    file: Path
    brand_of: BrandOf
    addresses_of: AddressesOf


def create_preview(file: Path, brand_of: BrandOf, addresses_of: AddressesOf) -> Starlette:
    """Build the application that shows one edition file, as its publication would send it."""
    pages, source = Pages(), Source(file, brand_of, addresses_of)

    def show(_request: Request) -> Response:
        proof = make_proof(source)
        html = pages.text("preview.html.j2", name=file.name, proof=proof, **_size(proof))
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY})

    def mail(request: Request) -> Response:
        composition = make_proof(source).composition
        html = composition.html if composition else ""
        for light in LIGHTS.keys() & request.query_params.keys():
            html = in_light(html, light)
        return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})

    def text(_request: Request) -> Response:
        composition = make_proof(source).composition
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


def make_proof(source: Source) -> Proof:
    """Compose the file as it stands."""
    stamp = _stamp(source.file)
    try:
        loaded = load_issue(source.file)
        brand = source.brand_of(loaded.issue)
        addresses = replace(source.addresses_of(loaded.issue), pixel=NO_PIXEL)
        composition = compose(loaded.issue, brand, addresses=addresses)
    except IssueFileError as error:
        return Proof(stamp, problems=tuple(error.problems))
    except (EmailsError, NewsletterError, OSError) as error:
        return Proof(stamp, error=str(error))
    findings = check(composition, issue=loaded.issue, brand=brand)
    return Proof(stamp, composition.without_reader(), findings, loaded.warnings)


def in_light(html: str, light: str) -> str:
    """The mail as a reader in that light sees it, one of LIGHTS, whatever this browser prefers."""
    return html.replace(DARK_QUERY, LIGHTS[light])


def _stamp(file: Path) -> str:
    """Changes whenever the file's content does."""
    try:
        return sha256(file.read_bytes()).hexdigest()[:16]
    except OSError:
        return "missing"


def _size(proof: Proof) -> dict[str, Any]:
    size = filled_size(proof.composition) if proof.composition else 0
    return {"size": size, "budget": HTML_BUDGET}
