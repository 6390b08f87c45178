"""SendGrid's webhook: signatures, and its words in ours."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from newsletter.errors import ConfigurationError
from newsletter.feedback.errors import BadSignature, UnreadableBody
from newsletter.feedback.events import BounceKind, DeliveryKey, EventKind, NormalEvent, Rejection
from newsletter.feedback.sendgrid import SIGNATURE, TIMESTAMP, check_key, normalise, verify

KEY = ec.generate_private_key(ec.SECP256R1())
BODY = b'[{"event":"delivered","email":"reader@example.org"}]\r\n'


def public(key: ec.EllipticCurvePrivateKey) -> str:
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(der).decode()


def sign(body: bytes, timestamp: str, key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, str]:
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
    }


def test_a_signed_request_passes_with_its_last_line_break() -> None:
    verify(BODY, sign(BODY, "1795000000"), public(KEY))


def test_header_names_may_come_in_any_case() -> None:
    headers = {name.upper(): value for name, value in sign(BODY, "1795000000").items()}

    verify(BODY, headers, public(KEY))


def test_a_body_with_letters_beyond_ascii_passes() -> None:
    body = '[{"reason":"Postfach voll – später"}]'.encode()

    verify(body, sign(body, "1"), public(KEY))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY.strip(), sign(BODY, "1")),  # the line break is part of what was signed
        (BODY.replace(b"delivered", b"bounce"), sign(BODY, "1")),
        (BODY, sign(BODY, "1") | {"X-Twilio-Email-Event-Webhook-Timestamp": "2"}),
        (BODY, sign(BODY, "1", ec.generate_private_key(ec.SECP256R1()))),
        (BODY, {}),
        (BODY, {TIMESTAMP: "1"}),
        (BODY, {TIMESTAMP: "1", SIGNATURE: "not base64 at all"}),
        (BODY, {TIMESTAMP: "1", SIGNATURE: base64.b64encode(b"no DER").decode()}),
        (BODY, {TIMESTAMP: "1", SIGNATURE: "ü"}),
        (b"[\xff]", sign(b"[\xff]", "1")),
        (b"", sign(b"", "1")),
        (b'{"event":"bounce"}', sign(b'{"event":"bounce"}', "1")),
    ],
)
def test_what_was_not_signed_so_is_refused(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(body, headers, public(KEY))


@pytest.mark.parametrize("split", ["1", "17"])
def test_the_border_between_timestamp_and_body_can_not_be_moved(split: str) -> None:
    """The two are signed without separator: digits moved into the body keep the signature."""
    headers = sign(BODY, "1795000000") | {"X-Twilio-Email-Event-Webhook-Timestamp": split}
    moved = "1795000000".removeprefix(split).encode() + BODY

    with pytest.raises(BadSignature):
        verify(moved, headers, public(KEY))


@pytest.mark.parametrize("timestamp", ["", " 1", "1\n", "-1", "1e3", "١"])
def test_a_timestamp_is_of_digits_only(timestamp: str) -> None:
    with pytest.raises(BadSignature):
        verify(BODY, sign(BODY, timestamp), public(KEY))


@pytest.mark.parametrize("key", ["", "AAAA", "no key"])
def test_without_a_public_key_nothing_is_believed(key: str) -> None:
    with pytest.raises(BadSignature):
        verify(BODY, sign(BODY, "1"), key)


def test_a_key_is_looked_at_before_anything_is_signed_with_it() -> None:
    check_key(public(KEY))
    for wrong in ("AAAA", "no key", public(KEY)[:40]):
        with pytest.raises(ConfigurationError, match="no public key"):
            check_key(wrong)


def one(**fields: Any) -> NormalEvent:
    (event,) = normalise(json.dumps([fields]).encode(), received_at=5.0)
    return event


def test_an_event_comes_out_in_our_words() -> None:
    event = one(
        event="bounce",
        type="bounce",
        status="5.1.1",
        reason="550 5.1.1 <Reader@Example.org>: unknown",
        email="Reader@Example.org",
        timestamp=1_795_000_010,
        sg_event_id="abc==",
        nl_delivery="7-42",
        ip="192.0.2.1",
        useragent="Some Browser",
    )

    assert event.kind == EventKind.BOUNCED
    assert (event.bounce, event.code, event.summary) == (BounceKind.HARD, "5.1.1", "5.1.1")
    assert event.at == 1_795_000_010.0
    assert event.email == "reader@example.org"
    assert DeliveryKey.of(event.reference) == DeliveryKey(7, 42)
    assert not {"ip", "useragent"} & set(event.raw)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("processed", EventKind.ACCEPTED),
        ("deferred", EventKind.DEFERRED),
        ("delivered", EventKind.DELIVERED),
        ("dropped", EventKind.DROPPED),
        ("spamreport", EventKind.COMPLAINED),
        ("unsubscribe", EventKind.UNSUBSCRIBED),
        ("group_unsubscribe", EventKind.UNSUBSCRIBED),
        ("group_resubscribe", EventKind.SUBSCRIBED),
        ("account_status_change", EventKind.UNKNOWN),
    ],
)
def test_every_event_has_a_word(word: str, kind: EventKind) -> None:
    assert one(event=word).kind == kind


def test_a_full_mailbox_is_soft_though_the_provider_says_blocked() -> None:
    full = one(event="bounce", type="blocked", status="5.2.2", reason="552 5.2.2 mailbox full")

    assert full.bounce == BounceKind.SOFT


def test_the_code_in_the_words_is_used_where_the_status_says_nothing() -> None:
    event = one(
        event="bounce", type="bounce", status="5.0.0", reason="550 5.7.1 policy [192.0.2.1]"
    )

    assert (event.code, event.bounce) == ("5.7.1", BounceKind.BLOCK)


def test_the_providers_word_counts_where_no_code_says_anything() -> None:
    assert one(event="bounce", type="bounce", status="5.0.0").bounce == BounceKind.HARD
    assert one(event="bounce", type="blocked").bounce == BounceKind.BLOCK
    assert one(event="bounce", type="expired").bounce == BounceKind.SOFT
    assert one(event="bounce").bounce == BounceKind.SOFT
    classified = one(event="bounce", type="bounce", bounce_classification="Reputation")
    assert classified.bounce == BounceKind.BLOCK


def test_a_dropped_message_carries_the_providers_reason() -> None:
    event = one(event="dropped", reason="Bounced Address", status="5.0.0")

    assert (event.bounce, event.rejection) == (BounceKind.DROPPED, Rejection.BOUNCED)
    assert event.summary == "Bounced Address"
    assert one(event="dropped", reason="Something new").rejection == Rejection.OTHER


@pytest.mark.parametrize("timestamp", [None, "soon", [], "1e999", {}])
def test_without_a_usable_time_the_time_of_arrival_counts(timestamp: object) -> None:
    assert one(event="delivered", timestamp=timestamp).at == 5.0


def test_text_that_a_database_refuses_is_cleaned() -> None:
    body = b'[{"event":"bounce","reason":"a\\u0000b\\ud800","x":1e999,"y":NaN}]'

    (event,) = normalise(body, received_at=5.0)

    assert event.reason == "ab?"
    assert json.loads(json.dumps(event.raw, allow_nan=False))["x"] == "1e999"


def test_the_rest_is_read_where_one_event_is_no_object() -> None:
    events = normalise(b'["what", {"event":"delivered"}]', received_at=5.0)

    assert [event.kind for event in events] == [EventKind.UNKNOWN, EventKind.DELIVERED]


@pytest.mark.parametrize("body", [b"[", b'{"event":"delivered"}', b"[" * 100_000, b"\xff", b""])
def test_what_is_no_array_of_events_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        normalise(body, received_at=5.0)


def test_a_copy_with_another_id_has_the_same_content() -> None:
    first = one(event="delivered", timestamp=1, nl_delivery="1-1", sg_event_id="a")
    again = one(event="delivered", timestamp=1, nl_delivery="1-1", sg_event_id="b")
    later = one(event="delivered", timestamp=2, nl_delivery="1-1", sg_event_id="a")

    assert first.content_key == again.content_key
    assert first.content_key != later.content_key
