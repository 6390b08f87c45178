"""SendGrid's webhook: verified raw bytes are stored, then answered; nothing else is."""

import base64

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from newsletter.feedback.models import InboxItem
from tests.newsletter.web.world import World

KEY = ec.generate_private_key(ec.SECP256R1())
BODY = b'[{"event":"delivered","email":"ada@example.org"}]\r\n'


@pytest.fixture(autouse=True)
def public_key(world: World) -> None:
    der = KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    world.settings = world.settings.model_copy(
        update={"sendgrid_webhook_public_key": base64.b64encode(der).decode()}
    )


def signed(body: bytes, timestamp: str = "1800000000") -> dict[str, str]:
    signature = KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        "Content-Type": "application/json",
    }


def stored(world: World) -> list[bytes]:
    with world.database.reading() as session:
        return [item.body for item in session.exec(select(InboxItem))]


def test_signed_events_are_stored_as_they_came(web: httpx.Client, world: World) -> None:
    answer = web.post("/hooks/sendgrid", content=BODY, headers=signed(BODY))
    assert answer.status_code == 204
    assert stored(world) == [BODY]


def test_it_answers_under_any_host(web: httpx.Client, world: World) -> None:
    headers = {**signed(BODY), "Host": "hooks.elsewhere.example"}
    assert web.post("/hooks/sendgrid", content=BODY, headers=headers).status_code == 204


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, {}),
        (BODY, signed(BODY + b" ")),
        (BODY.strip(), signed(BODY)),
        (BODY, {**signed(BODY), "X-Twilio-Email-Event-Webhook-Timestamp": "1800000001"}),
        (BODY, {**signed(BODY), "X-Twilio-Email-Event-Webhook-Signature": "not base64!"}),
        (b"\xff", signed(b"\xff")),
        (b"", signed(b"")),
    ],
)
def test_what_sendgrid_did_not_sign_is_refused(
    web: httpx.Client, world: World, body: bytes, headers: dict[str, str]
) -> None:
    assert web.post("/hooks/sendgrid", content=body, headers=headers).status_code == 403
    assert stored(world) == []


def test_without_a_key_nothing_is_believed(world: World) -> None:
    world.settings = world.settings.model_copy(update={"sendgrid_webhook_public_key": ""})
    with world.running() as web:
        answer = web.post("/hooks/sendgrid", content=BODY, headers=signed(BODY))
    assert answer.status_code == 403
    assert stored(world) == []


def test_a_database_that_is_away_lets_sendgrid_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("INSERT", {}, Exception("away"))

    with world.running() as web:
        with monkeypatch.context() as patch:
            patch.setattr(world.database, "writing", away)
            answer = web.post("/hooks/sendgrid", content=BODY, headers=signed(BODY))
            assert answer.status_code == 503
        assert web.post("/hooks/sendgrid", content=BODY, headers=signed(BODY)).status_code == 204
    assert stored(world) == [BODY]
