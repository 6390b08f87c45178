"""Errors as JSON: `{"error": {"code": …, "message": …}}`.

A file that can't be used has all that is wrong with it beside that, as `errors`.
"""

import re
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from emails.errors import EmailsError, IssueFileError, Problem
from newsletter.errors import (
    Blocked,
    ConfigurationError,
    DatabaseError,
    EditionError,
    EditionExists,
    NewsletterError,
    NotAllowed,
    NotApproved,
    NotFound,
    TokenError,
)
from newsletter.invalid import in_words
from newsletter.web.api import API
from newsletter.web.by_kind import nearest
from subscribers.errors import AddressRefused, InvalidAddress, UnknownReader

BY_ERROR: Mapping[type, tuple[int, str]] = {
    IssueFileError: (422, "invalid_edition"),
    EmailsError: (422, "not_composable"),
    Blocked: (422, "blocked"),
    NotApproved: (409, "not_approved"),
    EditionExists: (409, "edition_exists"),
    EditionError: (409, "wrong_state"),
    ConfigurationError: (409, "unsafe_to_send"),
    NotFound: (404, "not_found"),
    UnknownReader: (404, "not_found"),
    TokenError: (401, "unauthorized"),
    NotAllowed: (403, "forbidden"),
    DatabaseError: (503, "unavailable"),
    OperationalError: (503, "unavailable"),
    PoolTimeout: (503, "unavailable"),
    RequestValidationError: (422, "invalid"),
    InvalidAddress: (422, "invalid_address"),
    AddressRefused: (422, "address_refused"),
    NewsletterError: (400, "refused"),
    Exception: (500, "internal"),
}
BY_STATUS: Mapping[int, str] = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
CHALLENGES: Mapping[int, str] = {401: "Bearer", 403: 'Bearer error="insufficient_scope"'}
"""What a refused token is told (RFC 6750 §3)."""
QUIET: Mapping[int, str] = {
    500: "Something broke on our side; the log has it.",
    503: "The database does not answer. Try again; nothing was changed.",
}
"""Messages that stand in for the error's own, which is for the operator."""


_COMMAND = re.compile(r"`newsletter edition (approve|pause|resume|cancel) ([^ `]+)`")
_RUN = re.compile(r"\bRun (?=`(?:GET|POST) )")


def answer_tool(error: Exception) -> JSONResponse:
    """Answer an error of any kind."""
    if isinstance(error, HTTPException):
        code = BY_STATUS.get(error.status_code, "refused")
        return _answer(error.status_code, code, str(error.detail), headers=error.headers)
    status, code = nearest(BY_ERROR, error)
    challenge = CHALLENGES.get(status)
    headers = {"WWW-Authenticate": challenge} if challenge else None
    return _answer(status, code, _message(status, error), headers=headers, **_errors(error))


def _message(status: int, error: Exception) -> str:
    if isinstance(error, RequestValidationError):
        return f"The request is not as the API describes it: {API}/openapi.json."
    return QUIET.get(status) or _for_tools(str(error))


def _for_tools(message: str) -> str:
    """A message in which a command is the way out, with the request that does the same."""
    message = message.replace("`newsletter edition list`", f"`GET {API}/editions`")
    message = _COMMAND.sub(rf"`POST {API}/editions/\2/\1`", message)
    return _RUN.sub("Send ", message)


def _errors(error: Exception) -> dict[str, Any]:
    if isinstance(error, IssueFileError):
        return {"errors": [as_json(problem) for problem in error.problems]}
    if isinstance(error, RequestValidationError):
        return {
            "errors": [
                {
                    "file": "",
                    "line": None,
                    "field": ".".join(str(part) for part in item["loc"][1:]),
                    "message": in_words(item),
                }
                for item in error.errors()
            ]
        }
    return {}


def as_json(problem: Problem) -> dict[str, Any]:
    """A problem of an edition file: `file, line, field, message, code`."""
    return {
        "file": problem.file,
        "line": problem.line,
        "field": problem.field,
        "message": problem.message,
        "code": problem.code,
    }


def _answer(
    status: int, code: str, message: str, *, headers: Mapping[str, str] | None, **more: Any
) -> JSONResponse:
    content = {"error": {"code": code, "message": message}, **more}
    return JSONResponse(content, status_code=status, headers=dict(headers or {}))
