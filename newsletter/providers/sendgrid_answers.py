"""What SendGrid's answers say about the recipients of a request.

| what came                      | outcome                                                        |
|--------------------------------|----------------------------------------------------------------|
| 2xx                            | accepted                                                       |
| 429                            | later, until X-RateLimit-Reset                                 |
| 401, 403; 400 about `from`     | an error that pauses everything                                |
| 400 about some personalizations| those refused, the others later: nothing of it was taken       |
| 425                            | later                                                          |
| 408                            | unsure: it says nothing about how far the request came         |
| another 4xx: it blames nobody  | an error that pauses everything                                |
| 5xx, anything else             | unsure: it may have been taken before something behind it broke|
| no connection                  | later                                                          |
| connection cut, no answer      | unsure                                                         |

SendGrid has no idempotency key, and documents no 5xx as "not taken". A 503 from its edge and one
from behind the queue look alike, so neither is sent again blindly: events settle them.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from newsletter.providers.base import Outcome
from newsletter.providers.errors import AuthenticationRefused, RequestRefused, SenderRefused

KEY_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.TOO_EARLY})
TEXT_KEPT = 500

_PERSONALIZATION = re.compile(r"personalizations\.(\d+)(?:\.|$)")


def accepted(status: int, headers: Mapping[str, str], recipients: int) -> Sequence[Outcome]:
    """202, or 200 in sandbox mode; the reference is the beginning of the events' sg_message_id."""
    outcome = Outcome.accepted(str(status), reference=headers.get("X-Message-Id") or "")
    return [outcome] * recipients


def answered(
    status: int, headers: Mapping[str, str], body: bytes, recipients: int
) -> Sequence[Outcome]:
    """The outcomes of an answer that isn't 2xx. Raises AuthenticationRefused."""
    errors = _errors(body)
    words = _words(errors) or f"HTTP {status}"
    if status in KEY_REFUSED:
        raise key_refused(status, words)
    if status in BUSY:
        wait = _retry_after(headers)
        outcome = Outcome.later(str(status), words, retry_after=wait, provider_wide=True)
        return [outcome] * recipients
    # The first digit is the class, RFC 9110 §15.
    if status // 100 != 4 or status == HTTPStatus.REQUEST_TIMEOUT:  # noqa: PLR2004
        return [Outcome.unsure(str(status), words)] * recipients
    if any(field.split(".")[0] in {"from", "reply_to"} for field, _ in errors):
        raise SenderRefused(
            f"SendGrid refuses our sender: {words}. Check the publication's sender."
        )
    return _refused(status, errors, words, recipients)


def key_refused(status: int, words: str) -> AuthenticationRefused:
    return AuthenticationRefused(
        f"SendGrid refuses us: {status}, {words}. Check that NEWSLETTER_SENDGRID_API_KEY is current, "
        "may send mail, and that the sender is a verified identity there."
    )


def _refused(
    status: int, errors: Sequence[tuple[str, str]], words: str, recipients: int
) -> Sequence[Outcome]:
    """Refuse those recipients that the errors name. Raises RequestRefused where they name none."""
    named = [_PERSONALIZATION.match(field) for field, _ in errors]
    at_fault = {
        int(match[1]): message for match, (_, message) in zip(named, errors, strict=True) if match
    }
    if not errors or not all(named) or max(at_fault) >= recipients:
        raise RequestRefused(
            f"SendGrid refuses the request as a whole: {status}, {words}. Put right what it names."
        )
    innocent = Outcome.later(str(status), words, retry_after=0.0, provider_wide=True)
    return [
        Outcome.refused(str(status), at_fault[position]) if position in at_fault else innocent
        for position in range(recipients)
    ]


def _errors(body: bytes) -> list[tuple[str, str]]:
    """(field, message) of `{"errors": [{"message", "field", "help"}]}`; [] if it isn't that."""
    try:
        errors = json.loads(body)["errors"]
        return [(str(error.get("field") or ""), str(error["message"])) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _words(errors: Sequence[tuple[str, str]]) -> str:
    lines = (f"{field}: {message}" if field else message for field, message in errors)
    return "; ".join(lines)[:TEXT_KEPT]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until X-RateLimit-Reset, which is in seconds since 1970; None if it isn't given."""
    reset = headers.get("X-RateLimit-Reset") or ""
    return max(float(reset) - time.time(), 0.0) if reset.isdigit() else None
