"""A mailing as the body of one `POST /v3/mail/send`."""

from collections.abc import Mapping, Sequence
from typing import Any

from emails.errors import HeaderError
from emails.headers import parse_mailbox
from newsletter.providers.base import Mailing, Recipient
from newsletter.providers.errors import ProviderMisconfigured

MOST_PERSONALIZATIONS = 1000
"""Of one request; SendGrid's limit."""

DELIVERY_ARG, BATCH_ARG, EDITION_ARG = "nl_delivery", "nl_batch", "nl_edition"
"""Our keys in `custom_args`, which come back at the top level of every event."""

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
"""SendGrid answers 400 to a request that sets one of these."""

OWN_TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
"""We track by ourselves, with consent; its subscription tracking would add a List-Unsubscribe."""


def mail_send(mailing: Mailing, *, sandbox: bool) -> dict[str, Any]:
    """The request's body, for up to 1000 recipients.

    What is the same for all stands once: content with its slot words, which the `substitutions`
    of each personalization replace. Raises ProviderMisconfigured for a header that SendGrid keeps
    to itself, KeyError for a recipient without a value for a slot.
    """
    common, personal = _headers(mailing)
    slots = tuple(mailing.composition.slots.items())
    body = {
        "personalizations": [
            _personalization(recipient, slots, personal) for recipient in mailing.recipients
        ],
        "from": _mailbox("From", mailing.headers.sender),
        "subject": mailing.composition.subject,
        "content": [
            {"type": "text/plain", "value": mailing.composition.text},
            {"type": "text/html", "value": mailing.composition.html},
        ],
        "headers": common,
        "custom_args": {EDITION_ARG: str(mailing.edition), BATCH_ARG: str(mailing.batch)},
        "tracking_settings": OWN_TRACKING_OFF,
        "mail_settings": {"sandbox_mode": {"enable": sandbox}},
    }
    if mailing.headers.reply_to:
        body["reply_to"] = _mailbox("Reply-To", mailing.headers.reply_to)
    return body


def _personalization(
    recipient: Recipient, slots: Sequence[tuple[str, str]], personal: Mapping[str, str]
) -> dict[str, Any]:
    """What is this recipient's own: `slots` (name, word), and headers that hold "{token}"."""
    key, email, message_id, values = recipient
    headers = {"Message-ID": message_id}
    for name, value in personal.items():
        headers[name] = value.replace("{token}", values.get("token", ""))
    return {
        "to": [{"email": email}],
        "substitutions": {word: values[name] for name, word in slots},
        "headers": headers,
        "custom_args": {DELIVERY_ARG: key},
    }


def _headers(mailing: Mailing) -> tuple[dict[str, str], dict[str, str]]:
    """The headers that are the same for all, and those that hold the reader's "{token}"."""
    lines = {
        "List-ID": mailing.headers.list_id,
        **_unsubscribe(mailing),
        "Feedback-ID": mailing.headers.feedback_id,
        "Auto-Submitted": "auto-generated" if mailing.headers.auto_submitted else None,
        **mailing.headers.extra,
    }
    reserved = sorted(name for name in lines if name.lower() in RESERVED_HEADERS)
    if reserved:
        raise ProviderMisconfigured(
            f"SendGrid sets {', '.join(reserved)} itself: leave it out of the extra headers."
        )
    given = {name: value for name, value in lines.items() if value}
    personal = {name: value for name, value in given.items() if "{token}" in value}
    return {name: given[name] for name in given.keys() - personal.keys()}, personal


def _unsubscribe(mailing: Mailing) -> dict[str, str]:
    """List-Unsubscribe (RFC 2369 §3.2) and its one-click form (RFC 8058 §3.1)."""
    web, mail = mailing.headers.list_unsubscribe, mailing.headers.list_unsubscribe_mailto
    mailto = mail and (mail if mail.startswith("mailto:") else f"mailto:{mail}")
    targets = ", ".join(f"<{target}>" for target in (web, mailto) if target)
    post = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if web else {}
    return {"List-Unsubscribe": targets, **post}


def _mailbox(header: str, value: str) -> dict[str, str]:
    try:
        name, email = parse_mailbox(header, value)
    except HeaderError as error:
        raise ProviderMisconfigured(str(error)) from error
    return {"email": email, "name": name} if name else {"email": email}
