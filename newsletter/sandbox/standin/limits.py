"""SendGrid's limits on `POST /v3/mail/send`, and its way of saying that one was crossed.

Source: Twilio SendGrid's API reference, "Mail Send", limitations and errors.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MOST_BYTES = 30 * 1024 * 1024
MOST_PERSONALIZATIONS = 1000
MOST_CATEGORIES = 10
MOST_ARGUMENT_BYTES = 10_000
LATEST_SEND_SECONDS = 72 * 3600
RESERVED_HEADERS = frozenset(
    [
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    ]
)

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;.]+(?:\.[^\s@<>,;.]+)*")

Error = dict[str, str | None]
Json = Mapping[str, Any]


def error(message: str, field: str | None = None) -> Error:
    return {"message": message, "field": field, "help": None}


def violations(body: Any) -> list[Error]:
    """Everything that SendGrid would refuse in a request's body; [] if it would take it."""
    if not isinstance(body, dict):
        return [error("Bad Request")]
    return [*_whole(body), *_personalizations(body.get("personalizations"))]


def _whole(body: Json) -> Iterator[Error]:
    yield from _address(body.get("from"), "from.email")
    if "reply_to" in body:
        yield from _address(body["reply_to"], "reply_to.email")
    if not body.get("subject"):
        yield error("The subject is required.", "subject")
    yield from _content(body.get("content"))
    categories = body.get("categories") or []
    if len(categories) > MOST_CATEGORIES:
        yield error(f"There is a limit of {MOST_CATEGORIES} categories.", "categories")
    yield from _strings(body.get("custom_args"), "custom_args", MOST_ARGUMENT_BYTES)
    yield from _headers(body.get("headers"), "headers")
    if (body.get("send_at") or 0) > time.time() + LATEST_SEND_SECONDS:
        yield error("Scheduling more than 72 hours in advance is forbidden.", "send_at")


def _content(content: Any) -> Iterator[Error]:
    if not isinstance(content, list) or not content:
        yield error("Unless a template is used, the content is required.", "content")
        return
    order = {"text/plain": 0, "text/html": 1}
    kinds = [order.get(str(part.get("type")), 2) for part in content]
    if kinds != sorted(set(kinds)):
        yield error("text/plain must come first, then text/html, each once.", "content")
    for position, part in enumerate(content):
        if not part.get("value"):
            yield error("The content value must be a string.", f"content.{position}.value")


def _personalizations(personalizations: Any) -> Iterator[Error]:
    if not isinstance(personalizations, list) or not personalizations:
        yield error("You must have at least one personalization.", "personalizations")
        return
    if len(personalizations) > MOST_PERSONALIZATIONS:
        words = (
            f"The personalization block is limited to {MOST_PERSONALIZATIONS} personalizations "
            f"per API request. You have provided {len(personalizations)} personalizations."
        )
        yield error(words, "personalizations")
        return
    for position, personalization in enumerate(personalizations):
        yield from _personalization(personalization, f"personalizations.{position}")
    yield from _unique(personalizations)


def _personalization(personalization: Any, field: str) -> Iterator[Error]:
    recipients = personalization.get("to")
    if not recipients:
        yield error("The to array is required for all personalization objects.", f"{field}.to")
        return
    for position, recipient in enumerate(recipients):
        yield from _address(recipient, f"{field}.to.{position}.email")
    yield from _strings(
        personalization.get("custom_args"), f"{field}.custom_args", MOST_ARGUMENT_BYTES
    )
    yield from _strings(
        personalization.get("substitutions"), f"{field}.substitutions", MOST_ARGUMENT_BYTES
    )
    yield from _headers(personalization.get("headers"), f"{field}.headers")


def _unique(personalizations: Iterable[Json]) -> Iterator[Error]:
    seen: set[str] = set()
    for personalization in personalizations:
        for recipient in personalization.get("to") or ():
            address = str(recipient.get("email")).lower()
            if address in seen:
                yield error(
                    "Each unique email address in the personalizations array should only be "
                    f"included once. You have included [{address}] more than once.",
                    "personalizations",
                )
            seen.add(address)


def _address(mailbox: Any, field: str) -> Iterator[Error]:
    email = mailbox.get("email") if isinstance(mailbox, dict) else None
    if not isinstance(email, str) or not _ADDRESS.fullmatch(email):
        yield error("Does not contain a valid address.", field)
    elif set(mailbox.get("name") or "") & {";", ","}:
        yield error("The name must not hold a comma or a semicolon.", field)


def _strings(values: Any, field: str, most_bytes: int) -> Iterator[Error]:
    if values is None:
        return
    if not all(isinstance(value, str) for value in values.values()):
        yield error("Values must be strings.", field)
        return
    if sum(len(key) + len(value.encode()) for key, value in values.items()) > most_bytes:
        yield error(f"The limit is {most_bytes} bytes.", field)


def _headers(headers: Any, field: str) -> Iterator[Error]:
    for name, value in (headers or {}).items():
        if name.lower() in RESERVED_HEADERS:
            yield error(f"The header {name} is reserved.", f"{field}.{name}")
        elif not isinstance(value, str) or "\n" in value or "\r" in value:
            yield error("Header values must be strings of one line.", f"{field}.{name}")
