"""What becomes of a window that goes to SendGrid, whatever comes back or doesn't."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsletter.providers.base import (
    AuthenticationRefused,
    Mailing,
    Outcome,
    OutcomeKind,
    ProviderMisconfigured,
    Recipient,
    RequestRefused,
    SenderRefused,
)
from newsletter.providers.sendgrid import EU_HOST, SendGridOptions, SendGridProvider
from newsletter.providers.sendgrid_answers import answered
from newsletter.providers.sendgrid_request import mail_send
from newsletter.sandbox.standin.journal import read_journal
from newsletter.sandbox.standin.options import StandInOptions
from newsletter.sandbox.standin.process import StandIn

KEY = "SG.very-secret"
ACCEPTED, LATER, REFUSED, UNSURE = OutcomeKind

Open = Callable[..., SendGridProvider]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("standin") / "journal.jsonl"


@pytest.fixture(scope="module")
def server(journal: Path) -> Iterator[StandIn]:
    with StandIn.start(StandInOptions(journal=journal, api_key=KEY)) as standin:
        yield standin


@pytest.fixture
def standin(server: StandIn) -> Iterator[httpx.Client]:
    """The stand-in's control door; faults that a test left behind are called off."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client
        client.delete("/standin/faults")


@pytest.fixture
def open_sendgrid(server: StandIn) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_sendgrid(**changes: Any) -> SendGridProvider:
            options = {"api_key": KEY, "host": server.url, "timeout": 10.0, **changes}
            return stack.enter_context(closing(SendGridProvider(SendGridOptions(**options))))

        yield open_sendgrid


def send(provider: SendGridProvider, mailing: Mailing) -> Sequence[Outcome]:
    return provider.submit(mailing).result(timeout=30)


def received(standin: httpx.Client) -> int:
    count: int = standin.get("/standin/stats").json()["received"]
    return count


def test_a_thousand_readers_are_one_request(
    open_sendgrid: Open, standin: httpx.Client, journal: Path, mailing: Any
) -> None:
    outcomes = send(open_sendgrid(), mailing(1000, edition="thousand"))
    assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
    assert len({outcome.reference for outcome in outcomes}) == 1
    assert outcomes[0].reference
    entries = [entry for entry in read_journal(journal) if entry.edition == "thousand"]
    assert len({entry.delivery for entry in entries}) == len(entries) == 1000


def test_sandbox_mode_is_accepted_and_delivers_nothing(
    open_sendgrid: Open, standin: httpx.Client, mailing: Any
) -> None:
    before = received(standin)
    outcomes = send(open_sendgrid(sandbox=True), mailing(2))
    assert [(outcome.kind, outcome.code) for outcome in outcomes] == [(ACCEPTED, "200")] * 2
    assert received(standin) == before


def test_too_many_requests_are_later_until_the_time_that_is_given(
    open_sendgrid: Open, standin: httpx.Client, mailing: Any
) -> None:
    fault = {"kind": "status", "status": 429, "seconds": 30}
    standin.post("/standin/faults", json=fault)
    outcomes = send(open_sendgrid(), mailing(2))
    assert [outcome.kind for outcome in outcomes] == [LATER] * 2
    assert outcomes[0].provider_wide
    assert outcomes[0].retry_after is not None
    assert 20 < outcomes[0].retry_after <= 30


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 500}, "500"),
        ({"kind": "status", "status": 503}, "503"),
        ({"kind": "hang", "seconds": 5}, "timeout"),
        ({"kind": "cut"}, "cut"),
    ],
)
@pytest.mark.parametrize("taken", [True, False])
def test_what_cannot_be_known_is_unsure(
    open_sendgrid: Open,
    standin: httpx.Client,
    mailing: Any,
    fault: dict[str, Any],
    code: str,
    *,
    taken: bool,
) -> None:
    standin.post("/standin/faults", json={**fault, "taken": taken})
    before = received(standin)
    outcomes = send(open_sendgrid(timeout=0.5), mailing(2))
    assert [(outcome.kind, outcome.code) for outcome in outcomes] == [(UNSURE, code)] * 2
    assert received(standin) - before == (2 if taken else 0)


def test_a_refused_key_is_raised_with_the_cure_and_without_the_key(
    open_sendgrid: Open, mailing: Any
) -> None:
    provider = open_sendgrid(api_key="SG.old-secret")
    with pytest.raises(AuthenticationRefused, match="NEWSLETTER_SENDGRID_API_KEY") as refused:
        send(provider, mailing(2))
    assert "old-secret" not in str(refused.value)
    with pytest.raises(AuthenticationRefused):
        provider.check()


def test_one_bad_address_does_not_condemn_its_window(open_sendgrid: Open, mailing: Any) -> None:
    good = mailing(2).recipients
    bad = Recipient("1-9", "not an address", "<1-9@news.example>", {"token": "t"})
    outcomes = send(open_sendgrid(), mailing(recipients=[good[0], bad, good[1]]))
    assert [outcome.kind for outcome in outcomes] == [LATER, REFUSED, LATER]
    assert "valid address" in outcomes[1].text


@pytest.mark.parametrize(
    "fields",
    [["subject"], ["personalizations.0.to", "subject"], ["personalizations.7.to"], [None]],
    ids=str,
)
def test_a_request_that_is_refused_as_a_whole_condemns_nobody(fields: list[str | None]) -> None:
    errors = [{"message": "It is wrong.", "field": field, "help": None} for field in fields]
    with pytest.raises(RequestRefused, match=r"as a whole: 400, .*It is wrong\."):
        answered(400, {}, json.dumps({"errors": errors}).encode(), 2)


@pytest.mark.parametrize("status", [404, 405, 413, 415, 422])
def test_a_status_that_is_about_the_request_condemns_nobody(status: int) -> None:
    with pytest.raises(RequestRefused, match=str(status)):
        answered(status, {}, b"", 2)


def test_a_request_timeout_is_in_doubt_and_too_early_is_later() -> None:
    assert [one.kind for one in answered(408, {}, b"", 2)] == [UNSURE] * 2
    assert [one.kind for one in answered(425, {}, b"", 2)] == [LATER] * 2


def test_a_refused_sender_is_raised() -> None:
    body = b'{"errors":[{"message":"Does not contain a valid address.","field":"from.email"}]}'
    with pytest.raises(SenderRefused, match="publication's sender"):
        answered(400, {}, body, 2)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors":[1]}', b'{"errors":null}'])
def test_an_error_without_sendgrids_words_is_understood_by_its_status(body: bytes) -> None:
    with pytest.raises(RequestRefused, match="404, HTTP 404"):
        answered(404, {}, body, 1)
    assert answered(502, {}, body, 1)[0].kind is UNSURE


def test_429_without_a_time_leaves_the_wait_to_the_dispatcher() -> None:
    assert answered(429, {}, b"", 1)[0].retry_after is None
    past = str(int(time.time()) - 5)
    assert answered(429, {"X-RateLimit-Reset": past}, b"", 1)[0].retry_after == 0.0


def test_nothing_secret_reaches_the_log_even_at_debug(
    open_sendgrid: Open, mailing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "python_http_client"):
        logging.getLogger("python_http_client.client").setLevel(logging.DEBUG)
        send(open_sendgrid(), mailing(1))
    logging.getLogger("python_http_client.client").setLevel(logging.NOTSET)
    assert KEY not in caplog.text
    assert "reader-0@example.com" not in caplog.text
    assert KEY not in repr(SendGridOptions(api_key=KEY))


def test_more_than_a_thousand_are_refused_before_they_are_sent(
    open_sendgrid: Open, mailing: Any
) -> None:
    with pytest.raises(ValueError, match="1000"):
        open_sendgrid().submit(mailing(1001))


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": ""},
        {"api_key": "SG.\nx"},
        {"host": "http://api.sendgrid.example"},
        {"host": "http://127.0.0.1.far.example"},
        {"host": "ftp://127.0.0.1"},
    ],
)
def test_a_host_or_key_that_would_leak_or_fail_is_refused(
    open_sendgrid: Open, options: dict[str, str]
) -> None:
    with pytest.raises(ProviderMisconfigured, match="NEWSLETTER_SENDGRID_"):
        open_sendgrid(**options)


def test_the_eu_host_has_a_short_name_and_is_not_loopback(open_sendgrid: Open) -> None:
    provider = open_sendgrid(host="eu")
    assert provider._api.client.host == EU_HOST
    assert provider._api.client.timeout == 10.0
    assert not provider.loopback


def test_the_request_holds_content_once_and_the_reader_apart(mailing: Any) -> None:
    body = mail_send(mailing(2), sandbox=False)
    word = mailing().composition.slots["token"]
    assert body["from"] == {"email": "news@news.example", "name": "The News"}
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert body["custom_args"] == {"nl_edition": "2026-11-22", "nl_batch": "7"}
    assert body["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert body["personalizations"][1] == {
        "to": [{"email": "reader-1@example.com"}],
        "substitutions": {word: "token-1"},
        "headers": {
            "Message-ID": "<1-1@news.example>",
            "List-Unsubscribe": "<https://news.example/unsubscribe/token-1>",
        },
        "custom_args": {"nl_delivery": "1-1"},
    }


def test_all_of_sendgrids_own_tracking_is_off(mailing: Any) -> None:
    settings = mail_send(mailing(1), sandbox=False)["tracking_settings"]
    assert settings == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }


def test_a_header_that_sendgrid_keeps_to_itself_is_refused(mailing: Any) -> None:
    headers = mailing().headers
    changed = type(headers)(
        sender=headers.sender,
        date=headers.date,
        message_id_domain=headers.message_id_domain,
        extra={"Received": "x"},
    )
    with pytest.raises(ProviderMisconfigured, match="Received"):
        mail_send(mailing(1, headers=changed), sandbox=False)
