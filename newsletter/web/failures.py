"""Errors as answers: a friendly page for people, JSON for tools under /api.

Each kind of error has one entry; a kind without its own is answered like its nearest ancestor.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from emails.errors import EmailsError
from newsletter.errors import DatabaseError, NewsletterError, NotFound, TokenError, TokenExpired
from newsletter.publications import Publication
from newsletter.web.api.failures import answer_tool
from newsletter.web.by_kind import nearest
from newsletter.web.house import house_of
from newsletter.web.pages import BUSY, Problem
from newsletter.web.public.visitor import SampleLink
from subscribers.errors import (
    CannotUndo,
    ImpossibleTransition,
    InvalidPreference,
    LinkUsed,
    SubscribersError,
    UnknownReader,
)

ITS_OWN = ""
"""Stands for the error's own words."""
NOTHING_HERE = Problem(404, "Nothing here", "There is no such page. The archive has every edition.")
UNCLEAR = Problem(422, "Something is missing", "Please go back and fill in the form once more.")

BY_ERROR: Mapping[type, Problem] = {
    SampleLink: Problem(200, "Just for show", ITS_OWN),
    TokenExpired: Problem(410, "This link has expired", ITS_OWN),
    TokenError: Problem(
        403,
        "We don't know this link",
        "Perhaps a mail program cut it: please copy the whole link. Nothing was changed.",
    ),
    LinkUsed: Problem(410, "This link was used already", ITS_OWN),
    UnknownReader: Problem(
        410, "Nothing left to do", "We don't keep a subscription of yours any more."
    ),
    CannotUndo: Problem(409, "Too late to undo", ITS_OWN),
    ImpossibleTransition: Problem(
        409, "That doesn't go together", "Your subscription isn't active at the moment."
    ),
    InvalidPreference: Problem(422, "We don't understand that", ITS_OWN),
    SubscribersError: UNCLEAR,
    RequestValidationError: UNCLEAR,
    NotFound: NOTHING_HERE,
    OperationalError: BUSY,
    PoolTimeout: BUSY,
    DatabaseError: BUSY,
    Exception: Problem(
        500,
        "Something broke on our side",
        "It isn't your fault, and it stands in our log. Please try again later.",
    ),
}
BY_STATUS: Mapping[int, Problem] = {
    404: NOTHING_HERE,
    405: Problem(405, "Nothing here", "This address doesn't take that kind of request."),
    413: Problem(413, "That is too much", "Please send less at once."),
}


def handle_failures(app: FastAPI) -> None:
    """Register the answers with the application."""
    for root in (
        NewsletterError,
        EmailsError,
        SubscribersError,
        RequestValidationError,
        HTTPException,
        OperationalError,
        PoolTimeout,
        Exception,
    ):
        app.add_exception_handler(root, answer_failure)


def answer_failure(request: Request, error: Exception) -> Response:
    """Answer in the form that the asker reads."""
    if request.url.path.startswith("/api/"):
        return answer_tool(error)
    return house_of(request).pages.problem(_publication(request), _problem(request, error))


def _problem(request: Request, error: Exception) -> Problem:
    if isinstance(error, RequestValidationError) and request.method == "GET":
        return NOTHING_HERE  # a query that will not do: nobody filled in a form
    if isinstance(error, HTTPException):
        general = Problem(error.status_code, "That didn't work", str(error.detail))
        return BY_STATUS.get(error.status_code, general)
    problem = nearest(BY_ERROR, error)
    return replace(problem, text=problem.text or str(error))


def _publication(request: Request) -> Publication | None:
    """Whose masthead the page has; none where that can't be looked up either."""
    house = house_of(request)
    # Whatever is wrong now, the error that is being answered counts.
    with suppress(Exception), house.database.reading() as session:
        return house.publication(session, request)
    return None
