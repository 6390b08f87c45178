"""What every provider keeps to: one suite over folder, SMTP, SendGrid, and one from outside.

A provider from elsewhere passes it too: add a kit to KITS that opens it and reads what it took, as
that of `pigeon` does, which another package brings by its entry point (pigeon_post.py).
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from emails.composition import Composition
from emails.mime import MailHeaders
from newsletter.providers.base import (
    Mailing,
    Outcome,
    OutcomeKind,
    Provider,
    ProviderError,
    Recipient,
    UnknownProvider,
)
from newsletter.providers.registry import ProviderOptions, open_provider, provider_names
from newsletter.sandbox.standin.options import StandInOptions
from newsletter.sandbox.standin.process import StandIn
from tests.packages import installed_provider

WORD = "Q7f3a9c01bR0Q"
KEY = "SG.contract"


@dataclass(frozen=True)
class Received:
    """A message as its reader gets it."""

    email: str
    message_id: str
    list_unsubscribe: str
    html: str
    text: str


@dataclass(frozen=True)
class Kit:
    """A provider that works, what it has taken so far, and the same provider out of reach."""

    provider: Provider
    received: Callable[[], Sequence[Received]]
    away: Provider


@contextmanager
def folder_kit(tmp_path: Path) -> Iterator[Kit]:
    mails = tmp_path / "mails"
    in_the_way = tmp_path / "file"
    in_the_way.touch()

    def received() -> Sequence[Received]:
        return [_read(file.read_bytes()) for file in mails.glob("*.eml")]

    yield Kit(
        open_provider("folder", ProviderOptions(mail_folder=mails)),
        received,
        open_provider("folder", ProviderOptions(mail_folder=in_the_way / "mails")),
    )


class Collector:
    """Takes everything that aiosmtpd hands it."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(envelope.content)
        return "250 2.0.0 queued"


@contextmanager
def smtp_kit(_: Path) -> Iterator[Kit]:
    collector = Collector()
    controller = Controller(collector, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        yield Kit(
            open_provider("smtp", ProviderOptions(smtp_url=f"smtp://127.0.0.1:{controller.port}")),
            lambda: [_read(message) for message in collector.messages],
            open_provider("smtp", ProviderOptions(smtp_url=f"smtp://127.0.0.1:{_free_port()}")),
        )
    finally:
        controller.stop()


@contextmanager
def sendgrid_kit(tmp_path: Path) -> Iterator[Kit]:
    options = StandInOptions(journal=tmp_path / "journal.jsonl", api_key=KEY)
    with StandIn.start(options) as standin:
        yield Kit(
            _open_sendgrid(standin.url),
            lambda: _mails(standin.url),
            _open_sendgrid(f"http://127.0.0.1:{_free_port()}"),
        )


def _open_sendgrid(host: str) -> Provider:
    return open_provider("sendgrid", ProviderOptions(sendgrid_api_key=KEY, sendgrid_host=host))


@contextmanager
def pigeon_kit(tmp_path: Path) -> Iterator[Kit]:
    """Installed as packages are: a module and its metadata on the path."""
    loft = tmp_path / "loft"
    code = Path(__file__).with_name("pigeon_post.py").read_text()
    with (
        installed_provider(tmp_path / "site", "pigeon", code=code, opener="open_loft"),
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("PIGEON_LOFT", str(loft))
        provider = open_provider("pigeon", ProviderOptions())
        patched.setenv("PIGEON_LOFT", "")
        yield Kit(
            provider,
            lambda: [_read(file.read_bytes()) for file in loft.glob("*")],
            open_provider("pigeon", ProviderOptions()),
        )


KITS = {"folder": folder_kit, "smtp": smtp_kit, "sendgrid": sendgrid_kit, "pigeon": pigeon_kit}


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kit]:
    with (
        KITS[request.param](tmp_path) as kit,
        closing(kit.provider),
        closing(kit.away),
    ):
        yield kit


def test_every_message_arrives_once_with_its_own_token_everywhere(kit: Kit) -> None:
    outcomes = _send(kit.provider, _mailing(25))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 25
    received = {message.email: message for message in kit.received()}
    assert len(kit.received()) == len(received) == 25
    for number in range(25):
        message = received[f"reader-{number}@example.com"]
        link = f"https://news.example/unsubscribe/token-{number}"
        assert message.message_id == f"<1-{number}@news.example>"
        assert message.list_unsubscribe == f"<{link}>"
        assert f'"{link}"' in message.html
        assert link in message.text
        assert WORD not in message.html + message.text


def test_an_address_that_cannot_be_is_refused_and_nobody_else(kit: Kit) -> None:
    good = _mailing(3).recipients
    bad = Recipient("1-9", "no address@example.com", "<1-9@news.example>", {"token": "t"})
    outcomes = _send(kit.provider, _mailing(recipients=[good[0], bad, good[1], good[2]]))
    assert outcomes[1].kind is OutcomeKind.REFUSED
    assert outcomes[1].text
    others = {outcomes[position].kind for position in (0, 2, 3)}
    assert others <= {OutcomeKind.ACCEPTED, OutcomeKind.LATER}
    assert len(kit.received()) == sum(o.kind is OutcomeKind.ACCEPTED for o in outcomes)


def test_a_provider_that_is_away_takes_nothing_and_says_later(kit: Kit) -> None:
    outcomes = _send(kit.away, _mailing(3))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.LATER] * 3
    assert all(outcome.provider_wide for outcome in outcomes)
    with pytest.raises(ProviderError, match=r"NEWSLETTER_\w+"):
        kit.away.check()


def test_nothing_is_begun_once_the_lease_has_ended(kit: Kit) -> None:
    outcomes = _send(kit.provider, _mailing(3, may_begin=lambda: False))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.LATER] * 3
    assert {outcome.code for outcome in outcomes} == {"not-begun"}
    assert kit.received() == []


def test_windows_in_flight_together_are_answered_each_for_itself(kit: Kit) -> None:
    futures = [
        kit.provider.submit(_mailing(5, first=5 * window))
        for window in range(kit.provider.in_flight)
    ]
    for future in futures:
        assert [outcome.kind for outcome in future.result(30)] == [OutcomeKind.ACCEPTED] * 5
    assert len(kit.received()) == 5 * kit.provider.in_flight


def test_an_empty_mailing_has_no_outcomes(kit: Kit) -> None:
    assert list(_send(kit.provider, _mailing(0))) == []


def test_the_login_works_and_closing_can_be_repeated(kit: Kit) -> None:
    kit.provider.check()
    kit.provider.close()


def test_it_says_what_the_dispatcher_asks(kit: Kit) -> None:
    assert isinstance(kit.provider, Provider)
    assert kit.provider.name in provider_names()
    assert kit.provider.window > 0
    assert kit.provider.in_flight > 0
    assert kit.provider.timeout > 0
    assert kit.provider.loopback
    assert isinstance(kit.provider.tells_later, bool)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownProvider, match="folder, smtp, sendgrid"):
        open_provider("pigeon", ProviderOptions())


def _mailing(count: int = 1, *, first: int = 0, **changes: Any) -> Mailing:
    link = f"https://news.example/unsubscribe/{WORD}"
    recipients = [
        Recipient(
            f"1-{number}",
            f"reader-{number}@example.com",
            f"<1-{number}@news.example>",
            {"token": f"token-{number}"},
        )
        for number in range(first, first + count)
    ]
    values: dict[str, Any] = {
        "composition": Composition(
            subject="News",
            preheader="",
            mjml="",
            html=f'<!DOCTYPE html><html><body><p>Hé</p><a href="{link}">Leave</a></body></html>',
            text=f"Hé\n.\nLeave: {link}\n",
            slots={"token": WORD},
        ),
        "headers": MailHeaders(
            sender="The News <news@news.example>",
            date=1_790_000_000.0,
            message_id_domain="news.example",
            list_unsubscribe="https://news.example/unsubscribe/{token}",
        ),
        "recipients": recipients,
        "edition": "1",
        "batch": "7",
        **changes,
    }
    return Mailing(**values)


def _send(provider: Provider, mailing: Mailing) -> Sequence[Outcome]:
    return provider.submit(mailing).result(timeout=30)


def _read(message: bytes) -> Received:
    parsed = message_from_bytes(message, policy=policy.default)
    parts = {part.get_content_type(): part.get_content() for part in parsed.iter_parts()}
    return Received(
        email=str(parsed["To"]),
        message_id=str(parsed["Message-ID"]),
        list_unsubscribe=str(parsed["List-Unsubscribe"]),
        html=parts["text/html"],
        text=parts["text/plain"],
    )


def _mails(url: str) -> Sequence[Received]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        listed = client.get("/standin/mails", params={"limit": 500}).json()["mails"]
        mails = [client.get(f"/standin/mails/{mail['id']}").json() for mail in listed]
    return [
        Received(
            email=mail["to"],
            message_id=mail["headers"]["Message-ID"],
            list_unsubscribe=mail["headers"]["List-Unsubscribe"],
            html=mail["html"],
            text=mail["text"],
        )
        for mail in mails
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
