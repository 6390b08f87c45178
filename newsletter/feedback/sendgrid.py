"""SendGrid's event webhook: is it theirs, and what does it say in our words.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event and, for the signature,
…/getting-started-event-webhook-security-features.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from sendgrid.helpers.eventwebhook import EventWebhook

from newsletter.errors import ConfigurationError
from newsletter.feedback.bounce_policy import classify, enhanced_code
from newsletter.feedback.errors import BadSignature, UnreadableBody
from newsletter.feedback.events import BounceKind, EventKind, NormalEvent, Rejection
from subscribers.addresses import mask_within, parse
from subscribers.errors import SubscribersError

PROVIDER = "sendgrid"
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
REFERENCE = "nl_delivery"
"""The custom argument that carries the key of a delivery."""
MESSAGE_ID = "smtp-id"
MAX_WORDS = 500
PERSONAL = frozenset({"ip", "useragent", "email"})
"""What is not stored: who the event is about stands beside it, as long as they are not erased."""

KINDS: dict[str, EventKind] = {
    "processed": EventKind.ACCEPTED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    # a provider's word is no consent: stored, nothing more
    "group_resubscribe": EventKind.SUBSCRIBED,
    # their tracking is off; our own pixel and links count
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}
BOUNCES: dict[str, BounceKind] = {
    # `bounce_classification` first, since it is finer than `type`
    "invalid address": BounceKind.HARD,
    "mailbox unavailable": BounceKind.SOFT,
    "technical": BounceKind.SOFT,
    "content": BounceKind.BLOCK,
    "reputation": BounceKind.BLOCK,
    "frequency or volume too high": BounceKind.BLOCK,
    "bounce": BounceKind.HARD,
    "blocked": BounceKind.BLOCK,
    "expired": BounceKind.SOFT,
}
DROPS: dict[str, Rejection] = {
    "bounced address": Rejection.BOUNCED,
    "invalid": Rejection.INVALID,
    "spam reporting address": Rejection.SPAM,
    "unsubscribed address": Rejection.UNSUBSCRIBED,
    "spam content": Rejection.BLOCKED,
    "invalid smtpapi header": Rejection.OTHER,
    "recipient list over package quota": Rejection.OTHER,
}


def check_key(public_key: str) -> None:
    """Load the key that `verify` is given; raise ConfigurationError where it is none."""
    try:
        EventWebhook(public_key)
    except Exception as error:  # the library lets through whatever base64, PEM and DER raise
        raise ConfigurationError(
            "SENDGRID_WEBHOOK_PUBLIC_KEY is no public key, so every event of SendGrid's is refused: "
            "copy the verification key from its settings (Mail Settings, Event Webhook)."
        ) from error


def verify(body: bytes, headers: Mapping[str, str], public_key: str) -> None:
    """Check that SendGrid signed this request (ECDSA P-256, SHA-256, over timestamp + body).

    The two are signed without a separator: a timestamp of digits only, and a body that begins
    with `[`, keep one from being passed off as part of the other. The timestamp's age is not
    checked, since it is not known whether retries are signed anew; copies count once anyway.

    Raises:
        BadSignature: whatever is wrong with it.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = given.get(TIMESTAMP, "")
    if not re.fullmatch(r"\d+", timestamp, re.ASCII) or not body.startswith(b"["):
        raise BadSignature("This is no signed request of SendGrid's.")
    try:
        genuine = EventWebhook(public_key).verify_signature(
            body.decode(), given.get(SIGNATURE, ""), timestamp
        )
    except Exception as error:  # the library lets through whatever base64, PEM and DER raise
        raise BadSignature(
            "The signature can't be read. If SendGrid sent it, compare "
            "SENDGRID_WEBHOOK_PUBLIC_KEY with the key in its settings."
        ) from error
    if not genuine:
        raise BadSignature("The signature is not SendGrid's.")


def normalise(body: bytes, *, received_at: float) -> list[NormalEvent]:
    """Put a webhook's body into our words; what we don't know comes out as *unknown*.

    Raises:
        UnreadableBody: not a JSON array of objects.
    """
    try:
        items = json.loads(body, parse_float=_finite, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(f"Not JSON: {error}") from error
    if not isinstance(items, list):
        raise UnreadableBody(f"A JSON array was expected, not {type(items).__name__}.")
    return [_event(_object(item), received_at) for item in items]


def _finite(number: str) -> float | str:
    """A number; 1e400, which no JSON column takes back, stays text."""
    value = float(number)
    return value if math.isfinite(value) else number


def _object(item: object) -> dict[str, Any]:
    """An event's fields; something else than an object is kept as it is, as an unknown event."""
    return item if isinstance(item, dict) else {"value": item}


def _event(item: dict[str, Any], received_at: float) -> NormalEvent:
    kind = KINDS.get(_text(item, "event"), EventKind.UNKNOWN)
    words = mask_within(_text(item, "reason") or _text(item, "response"))
    code = enhanced_code(_text(item, "status"), words)
    return NormalEvent(
        provider=PROVIDER,
        kind=kind,
        at=_time(item, received_at),
        reference=_text(item, REFERENCE),
        email=_address_key(_text(item, "email")),
        raw=_impersonal(item),
        event_id=_text(item, "sg_event_id") or None,
        url=_text(item, "url"),
        code=code,
        reason=words or None,
        summary=_summary(item, kind, code),
        bounce=_bounce(item, kind, code),
        rejection=_rejection(words) if kind == EventKind.DROPPED else None,
    )


def _impersonal(item: dict[str, Any]) -> dict[str, Any]:
    """The event as it came, without what names its reader; servers like to repeat the address."""
    return {
        key: mask_within(value) if isinstance(value, str) and key != MESSAGE_ID else value
        for key, value in item.items()
        if key not in PERSONAL
    }


def _bounce(item: dict[str, Any], kind: EventKind, code: str | None) -> BounceKind | None:
    if kind == EventKind.DROPPED:
        return BounceKind.DROPPED
    if kind != EventKind.BOUNCED:
        return None
    finer = BOUNCES.get(_text(item, "bounce_classification").lower())
    return classify(code, finer or BOUNCES.get(_text(item, "type").lower()))


def _rejection(words: str) -> Rejection:
    return DROPS.get(words.lower(), Rejection.OTHER)


def _summary(item: dict[str, Any], kind: EventKind, code: str | None) -> str | None:
    """What reports group by: never the server's whole sentence, which names the reader."""
    if kind == EventKind.DROPPED:
        return _text(item, "reason") or None
    return code or _text(item, "bounce_classification") or _text(item, "type") or None


def _time(item: dict[str, Any], received_at: float) -> float:
    try:
        at = float(item["timestamp"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return received_at
    return at if math.isfinite(at) else received_at


def _text(item: dict[str, Any], key: str) -> str:
    """A field as text that every database takes: no NUL, no half of a surrogate pair, not long."""
    value = item.get(key)
    if not isinstance(value, str | int | float):
        return ""
    clean = str(value).replace("\0", "").encode("utf-8", "replace").decode()
    return clean.strip()[:MAX_WORDS]


def _address_key(email: str) -> str:
    """The key that the reader's row has; what is no address to us is only lower-cased."""
    if not email:
        return ""
    try:
        return parse(email).key
    except SubscribersError:
        return email.casefold()
