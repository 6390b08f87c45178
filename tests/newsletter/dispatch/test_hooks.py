"""Alerts are posted to a web hook: signed, tried again, in nobody's way."""

import hmac
import http.server
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import select, update

from newsletter.dispatch.alerts import alert
from newsletter.dispatch.hooks import KEPT_SECONDS, Hook, post_alerts
from newsletter.dispatch.models import ALERT_POST, AlertPost
from newsletter.dispatch.outcomes import MAX_ATTEMPTS
from newsletter.settings import Settings
from tests.newsletter.dispatch.desk import Desk

SECRET = "a secret for the hook"


class Receiver(http.server.ThreadingHTTPServer):
    """Remembers what is posted, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 204
        self.posts: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/alerts"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posts.append((headers, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(receiver: Receiver) -> Hook:
    return Hook(receiver.url, SECRET.encode())


def raise_alert(desk: Desk, *, key: str = "paused:1") -> float:
    now = desk.database.now()
    with desk.database.writing() as session:
        alert(
            session,
            desk.publication_id,
            key=key,
            subject="Edition 2026-11-22 is paused",
            lines=["Why: a reason."],
            now=now,
        )
    return now


def posts(desk: Desk) -> list[AlertPost]:
    with desk.database.reading() as session:
        return list(session.exec(select(AlertPost)))


def let_time_pass(desk: Desk, **values: float) -> None:
    with desk.database.writing() as session:
        session.execute(update(ALERT_POST).values(**values))


def test_an_alert_is_posted_once_and_signed(desk: Desk, hook: Hook, receiver: Receiver) -> None:
    now = raise_alert(desk)
    raise_alert(desk)

    assert post_alerts(desk.database, hook, now=now) == 1
    assert post_alerts(desk.database, hook, now=now) == 0

    ((headers, body),) = receiver.posts
    payload = json.loads(body)
    assert payload["type"] == "newsletter.alert"
    assert payload["data"] == {
        "publication": "inference",
        "key": "paused:1",
        "subject": "Edition 2026-11-22 is paused",
        "lines": ["Why: a reason."],
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_a_hook_that_fails_is_tried_again_under_the_same_id(
    desk: Desk, hook: Hook, receiver: Receiver
) -> None:
    now = raise_alert(desk)
    receiver.status = 500
    post_alerts(desk.database, hook, now=now)
    assert post_alerts(desk.database, hook, now=now) == 0  # not at once

    receiver.status = 200
    let_time_pass(desk, due_at=0.0)
    post_alerts(desk.database, hook, now=now)

    first, second = receiver.posts
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert posts(desk)[0].sent_at is not None


def test_an_id_is_never_used_again(desk: Desk, hook: Hook, receiver: Receiver) -> None:
    """SQLite gives a row the number of one that is gone, and receivers would drop the second."""
    for key in ("paused:1", "paused:2"):
        now = raise_alert(desk, key=key)
        post_alerts(desk.database, hook, now=now)
        let_time_pass(desk, created_at=now - KEPT_SECONDS - 60)
        post_alerts(desk.database, hook, now=now)
        assert posts(desk) == []
    first, second = receiver.posts
    assert first[0]["webhook-id"] != second[0]["webhook-id"]


def test_half_a_character_stops_no_post(desk: Desk, hook: Hook, receiver: Receiver) -> None:
    now = raise_alert(desk)
    with desk.database.writing() as session:
        session.execute(update(ALERT_POST).values(payload={"words": "\ud800 caf\u00e9"}))
    post_alerts(desk.database, hook, now=now)
    ((_, body),) = receiver.posts
    assert json.loads(body) == {"words": "\ud800 caf\u00e9"}


def test_who_was_too_slow_says_nothing_of_anothers_try(
    desk: Desk, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = raise_alert(desk)
    real = Hook.post

    def dawdle(self: Hook, message_id: str, body: bytes, *, now: float) -> str:
        monkeypatch.setattr(Hook, "post", real)
        let_time_pass(desk, due_at=0.0)
        receiver.status = 500
        assert post_alerts(desk.database, hook, now=now) == 1
        receiver.status = 204
        return real(self, message_id, body, now=now)

    monkeypatch.setattr(Hook, "post", dawdle)
    post_alerts(desk.database, hook, now=now)

    (post,) = posts(desk)
    assert (post.attempt, post.sent_at) == (2, None)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_a_secret_that_is_marked_as_base64_is_decoded(secret: str, key: bytes) -> None:
    """The example of Standard Webhooks 1.0."""
    assert Hook.of(settings_with(secret)) == Hook("https://hooks.example/x", key)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_no base64", "whsec_abc"])
def test_a_secret_that_is_no_base64_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match="alert_webhook_secret"):
        Hook.of(settings_with(secret))


def settings_with(secret: str) -> Settings:
    return Settings.model_validate(
        {"alert_webhook_url": "https://hooks.example/x", "alert_webhook_secret": secret}
    )


def test_a_redirect_is_not_followed(desk: Desk, hook: Hook, receiver: Receiver) -> None:
    receiver.status = 302
    post_alerts(desk.database, hook, now=raise_alert(desk))
    assert posts(desk)[0].sent_at is None


def test_a_hook_that_is_away_is_given_up_in_the_end(desk: Desk) -> None:
    away = Hook("http://127.0.0.1:9/", b"x")
    now = raise_alert(desk)
    for _ in range(MAX_ATTEMPTS):
        let_time_pass(desk, due_at=0.0)
        assert post_alerts(desk.database, away, now=now) == 1
    assert posts(desk) == []


def test_a_worker_that_died_while_posting_leaves_it_to_another(
    desk: Desk, hook: Hook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = raise_alert(desk)

    def die(*_: Any, **__: Any) -> int:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Hook, "post", die)
        with pytest.raises(SystemExit):
            post_alerts(desk.database, hook, now=now)
    assert post_alerts(desk.database, hook, now=now) == 0

    let_time_pass(desk, due_at=0.0)
    post_alerts(desk.database, hook, now=now)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("with_hook", [True, False])
def test_what_is_a_day_old_is_forgotten(
    desk: Desk, hook: Hook, receiver: Receiver, *, with_hook: bool
) -> None:
    now = raise_alert(desk)
    let_time_pass(desk, created_at=now - KEPT_SECONDS - 60)
    post_alerts(desk.database, hook if with_hook else None, now=now)
    assert posts(desk) == []
    assert receiver.posts == []


def test_without_a_hook_nothing_is_posted(desk: Desk) -> None:
    assert Hook.of(Settings()) is None
    assert post_alerts(desk.database, None, now=raise_alert(desk)) == 0
    assert posts(desk)[0].attempt == 0


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("http://hooks.example/x", SECRET, "https://"),
        ("ftp://127.0.0.1/x", SECRET, "https://"),
        ("https://", SECRET, "https://"),
        ("https://hooks.example/x", "", "alert_webhook_secret"),
    ],
)
def test_a_hook_that_is_not_safe_is_refused(url: str, secret: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate({"alert_webhook_url": url, "alert_webhook_secret": secret})


def test_a_hook_on_this_machine_may_be_plain(receiver: Receiver) -> None:
    settings = Settings.model_validate(
        {"alert_webhook_url": receiver.url, "alert_webhook_secret": SECRET}
    )
    assert Hook.of(settings) == Hook(receiver.url, SECRET.encode())
