"""What becomes of messages over SMTP, whatever the server says or fails to say."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from email import message_from_bytes
from typing import Any

import pytest

from newsletter.providers.base import (
    AuthenticationRefused,
    Mailing,
    Outcome,
    OutcomeKind,
    ProviderError,
    SenderRefused,
)
from newsletter.providers.smtp import SmtpOptions, SmtpProvider
from newsletter.providers.smtp_server import SmtpServer

CUT, HANG = "cut", "hang"
ACCEPTED, LATER, REFUSED, UNSURE = OutcomeKind
BAD = "RCPT TO:<reader-1@example.com>"

Open = Callable[..., SmtpProvider]


@pytest.fixture(params=[True, False], ids=["pipelined", "plain"])
def pipelining(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def open_smtp() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_smtp(url: str, **options: Any) -> SmtpProvider:
            options = {"connections": 1, "timeout": 10.0, **options}
            provider = SmtpProvider(SmtpOptions(server=SmtpServer.from_url(url), **options))
            return stack.enter_context(closing(provider))

        yield open_smtp


def send(provider: SmtpProvider, mailing: Mailing) -> Sequence[Outcome]:
    return provider.submit(mailing).result(timeout=30)


def kinds(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def test_every_message_arrives_once_and_whole(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server(pipelining=pipelining)
    outcomes = send(open_smtp(server.url, connections=3), mailing(20))
    assert kinds(outcomes) == [ACCEPTED] * 20
    assert server.recipients == sorted(f"reader-{number}@example.com" for number in range(20))
    for recipient, message in server.messages:
        token = recipient.replace("reader", "token").partition("@")[0]
        parsed = message_from_bytes(message)
        assert parsed["To"] == recipient
        assert parsed["List-Unsubscribe"] == f"<https://news.example/unsubscribe/{token}>"


def test_a_refused_reader_stands_in_nobody_elses_way(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({BAD: ["550 5.1.1 no such user"]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(3))
    assert kinds(outcomes) == [ACCEPTED, REFUSED, ACCEPTED]
    assert (outcomes[1].code, outcomes[1].enhanced) == ("550", "5.1.1")
    assert server.recipients == ["reader-0@example.com", "reader-2@example.com"]


def test_a_busy_mailbox_is_later(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({BAD: ["452 4.2.2 mailbox full"]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(3))
    assert kinds(outcomes) == [ACCEPTED, LATER, ACCEPTED]
    assert not outcomes[1].provider_wide


def test_data_granted_without_a_recipient_is_ended_by_a_lone_dot(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    script = {BAD: ["550 5.1.1 no"], "DATA": ["354 go on"] * 3, ".": ["250 ok", "554 5.5.1 none"]}
    server = smtp_server(script)
    assert kinds(send(open_smtp(server.url), mailing(3))) == [ACCEPTED, REFUSED, ACCEPTED]
    assert server.recipients == ["reader-0@example.com", "reader-2@example.com"]


def test_a_refusal_after_the_body_is_unsure(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({".": ["250 ok", "554 5.7.1 spam"]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(3))
    assert kinds(outcomes) == [ACCEPTED, UNSURE, ACCEPTED]
    assert (outcomes[1].code, outcomes[1].enhanced) == ("554", "5.7.1")


def test_a_transient_failure_after_the_body_is_later(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({".": ["451 4.3.0 try again"]}, pipelining=pipelining)
    assert kinds(send(open_smtp(server.url), mailing(2))) == [LATER, ACCEPTED]


def test_a_connection_cut_after_the_final_dot_leaves_one_message_unsure(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({".": ["250 ok", CUT]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(5))
    assert kinds(outcomes) == [ACCEPTED, UNSURE, ACCEPTED, ACCEPTED, ACCEPTED]
    assert outcomes[1].code == "cut"
    assert server.connections == 2


def test_silence_after_the_final_dot_is_unsure(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({".": [HANG]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url, timeout=0.3), mailing(2))
    assert kinds(outcomes) == [UNSURE, ACCEPTED]
    assert outcomes[0].code == "timeout"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_connection_cut_before_the_body_is_tried_once_more(
    smtp_server: Any, open_smtp: Open, mailing: Any, verb: str, *, pipelining: bool
) -> None:
    server = smtp_server({verb: [CUT]}, pipelining=pipelining)
    assert kinds(send(open_smtp(server.url), mailing(3))) == [ACCEPTED] * 3
    assert len(server.messages) == 3


def test_a_server_that_always_cuts_before_the_body_gets_nothing_and_nothing_is_unsure(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({"MAIL": [CUT] * 20}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(3))
    assert kinds(outcomes) == [LATER] * 3
    assert server.messages == []


def test_421_says_that_nothing_unanswered_was_taken(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({".": ["250 ok", "421 4.3.2 shutting down"]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(2))
    assert kinds(outcomes) == [ACCEPTED, LATER]
    assert outcomes[1].provider_wide


def test_a_refused_sender_is_raised_and_refuses_nobody(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({"MAIL": ["553 5.7.1 not your address"] * 3}, pipelining=pipelining)
    with pytest.raises(SenderRefused, match="publication's sender"):
        send(open_smtp(server.url), mailing(3))


def test_what_was_taken_before_the_sender_was_refused_is_not_forgotten(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server({"MAIL": ["250 ok", "530 5.7.0 log in"]}, pipelining=pipelining)
    outcomes = send(open_smtp(server.url), mailing(2))
    assert kinds(outcomes) == [ACCEPTED, LATER]
    assert outcomes[1].provider_wide


def test_nothing_is_begun_once_the_lease_has_ended(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server(pipelining=pipelining)
    answers = iter([True] * 4)  # asked when announced and when the body is due
    outcomes = send(open_smtp(server.url), mailing(4, may_begin=lambda: next(answers, False)))
    assert kinds(outcomes).count(ACCEPTED) == len(server.messages) < 4
    assert {outcome.code for outcome in outcomes if outcome.kind is LATER} == {"not-begun"}


def test_an_address_that_would_smuggle_in_a_command_is_refused_here(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server()
    good = mailing(2).recipients
    bad = type(good[0])("1-9", "x>\r\nRSET\r\n<y@example.com", "<1-9@news.example>", {"token": "t"})
    outcomes = send(open_smtp(server.url), mailing(recipients=[good[0], bad, good[1]]))
    assert kinds(outcomes) == [ACCEPTED, REFUSED, ACCEPTED]
    assert server.recipients == ["reader-0@example.com", "reader-1@example.com"]


def test_bounces_return_to_the_address_that_the_mailing_gives(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    line = "MAIL FROM:<bounces+1-0@news.example>"
    server = smtp_server({line: ["451 4.0.0 seen"]})
    outcomes = send(
        open_smtp(server.url),
        mailing(1, return_path=lambda recipient: f"bounces+{recipient.key}@news.example"),
    )
    assert outcomes[0].text == "4.0.0 seen"


def test_a_worn_out_connection_is_replaced(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, pipelining: bool
) -> None:
    server = smtp_server(pipelining=pipelining)
    outcomes = send(open_smtp(server.url, messages_a_connection=2), mailing(5))
    assert kinds(outcomes) == [ACCEPTED] * 5
    assert server.connections == 3


def test_a_connection_serves_the_next_window_too(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server()
    provider = open_smtp(server.url)
    send(provider, mailing(2))
    send(provider, mailing(2, first=2))
    assert server.connections == 1
    assert len(server.messages) == 4


def test_two_windows_at_once_keep_their_outcomes_apart(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({BAD: ["550 5.1.1 no"]})
    provider = open_smtp(server.url, connections=2)
    first, second = provider.submit(mailing(4)), provider.submit(mailing(4, first=4))
    assert kinds(first.result(30)) == [ACCEPTED, REFUSED, ACCEPTED, ACCEPTED]
    assert kinds(second.result(30)) == [ACCEPTED] * 4


def test_a_notice_goes_before_what_waits_of_an_edition(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server()
    provider = open_smtp(server.url)
    windows = [provider.submit(mailing(200)), provider.submit(mailing(200, first=200))]
    notice = provider.submit(mailing(1, first=999, urgent=True))
    for future in (*windows, notice):
        future.result(timeout=30)

    order = [recipient for recipient, _ in server.messages]
    assert len(order) == 401
    assert order.index("reader-999@example.com") < 200


def test_a_server_that_is_away_is_later_at_once_with_a_growing_pause(
    open_smtp: Open, mailing: Any
) -> None:
    provider = open_smtp(closed_port())
    outcomes = send(provider, mailing(3))
    assert kinds(outcomes) == [LATER] * 3
    assert all(outcome.provider_wide and outcome.retry_after for outcome in outcomes)
    again = send(provider, mailing(1))[0]
    assert (again.kind, again.code) == (LATER, "unreachable")
    with pytest.raises(ProviderError, match="Check NEWSLETTER_SMTP_URL"):
        provider.check()


def test_a_greeting_that_refuses_us_is_later(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({"connect": ["421 too busy"]})
    assert kinds(send(open_smtp(server.url), mailing(2))) == [LATER] * 2


def test_one_connection_too_many_leaves_the_work_to_the_others(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({"connect": ["220 hello", "421 4.7.0 too many connections"]})
    outcomes = send(open_smtp(server.url, connections=2), mailing(40))
    assert kinds(outcomes) == [ACCEPTED] * 40


def test_what_is_no_reply_ends_the_connection(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({"MAIL": ["\x00\x01 nonsense"] * 2})
    assert kinds(send(open_smtp(server.url), mailing(1))) == [LATER]


def test_an_empty_mailing_has_no_outcomes(open_smtp: Open, mailing: Any) -> None:
    assert list(send(open_smtp(closed_port()), mailing(0))) == []


def test_closing_waits_for_what_is_in_flight(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    provider = open_smtp(smtp_server().url)
    future = provider.submit(mailing(50))
    provider.close()
    assert kinds(future.result(0)) == [ACCEPTED] * 50


def test_a_refused_login_is_raised_after_one_try(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    ehlo = "250-scripted\r\n250 AUTH PLAIN"
    server = smtp_server({"EHLO": [ehlo] * 4, "AUTH": ["535 5.7.8 wrong"] * 9})
    url = server.url.replace("//", "//ada:open%40sesame@")
    provider = open_smtp(url, connections=5)
    with pytest.raises(AuthenticationRefused, match="Check user and password") as refused:
        send(provider, mailing(5))
    assert "sesame" not in str(refused.value)
    assert server.connections == 1
    with pytest.raises(AuthenticationRefused):
        provider.check()


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"smtp://127.0.0.1:{probe.getsockname()[1]}"
