"""What an SMTP server refuses for the reader's sake, and what for ours."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from newsletter.providers.base import Outcome, OutcomeKind, RequestRefused, SenderRefused
from newsletter.providers.smtp import SmtpOptions, SmtpProvider
from newsletter.providers.smtp_queue import Acquaintance, Window
from newsletter.providers.smtp_replies import is_about_us
from newsletter.providers.smtp_server import SmtpServer

RELAY_DENIED = "554 5.7.1 relay access denied"
OTHER = "RCPT TO:<reader-1@example.com>"

Open = Callable[..., SmtpProvider]


@pytest.fixture
def open_smtp() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_smtp(url: str, *, connections: int = 1) -> SmtpProvider:
            options = SmtpOptions(
                server=SmtpServer.from_url(url), connections=connections, timeout=10.0
            )
            return stack.enter_context(closing(SmtpProvider(options)))

        yield open_smtp


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("readers", [10, 40])
def test_everybody_refused_by_policy_is_an_error_and_nobodys_outcome(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, readers: int, pipelining: bool
) -> None:
    server = smtp_server({"RCPT": [RELAY_DENIED] * readers}, pipelining=pipelining)
    future = open_smtp(server.url, connections=3).submit(mailing(readers))
    with pytest.raises(RequestRefused, match="relay access denied"):
        future.result(timeout=30)
    assert server.messages == []


def test_the_rest_of_a_large_window_is_not_offered(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({"RCPT": [RELAY_DENIED] * 200}, pipelining=False)
    with pytest.raises(RequestRefused):
        open_smtp(server.url).submit(mailing(200)).result(timeout=30)
    assert len(server.script["RCPT"]) == 190


@pytest.mark.parametrize("reply", ["530 5.7.0 authentication required", "535 5.7.8 bad password"])
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_server_that_wants_a_login_at_rcpt_refuses_us(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, reply: str, pipelining: bool
) -> None:
    server = smtp_server({"RCPT": [reply] * 5}, pipelining=pipelining)
    with pytest.raises(SenderRefused, match="log in"):
        open_smtp(server.url).submit(mailing(5)).result(timeout=30)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("readers", [1, 3])
def test_a_few_who_are_refused_first_of_all_pause_nothing_before_it_happens_again(
    smtp_server: Any, open_smtp: Open, mailing: Any, *, readers: int, pipelining: bool
) -> None:
    server = smtp_server({"RCPT": [RELAY_DENIED] * 2 * readers}, pipelining=pipelining)
    provider = open_smtp(server.url, connections=3)
    outcomes = provider.submit(mailing(readers)).result(timeout=30)
    assert {(one.kind, one.provider_wide) for one in outcomes} == {(OutcomeKind.LATER, True)}

    with pytest.raises(RequestRefused, match="relay access denied"):
        provider.submit(mailing(readers)).result(timeout=30)


def test_a_server_is_known_to_take_mail_from_the_first_message_on(mailing: Any) -> None:
    """However long the window is that the message belongs to."""
    server = Acquaintance()
    large, *small = (Window(mailing(count), lambda _: b"", server) for count in (200, 1, 1))
    next(iter(large.jobs())).settle(Outcome.accepted("250"))

    refusal = Outcome.refused("554", "5.7.1 relay access denied", enhanced="5.7.1")
    for window in small:
        next(iter(window.jobs())).settle(refusal)

    assert [window.future.result(timeout=0) for window in small] == [[refusal]] * 2


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ("550 5.1.1 no such user", OutcomeKind.REFUSED, "550"),
        ("450 4.2.1 greylisted", OutcomeKind.LATER, "450"),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("readers", [30, 200])
def test_what_is_said_of_one_reader_hides_not_that_the_others_are_refused_for_our_sake(
    smtp_server: Any,
    open_smtp: Open,
    mailing: Any,
    *,
    reply: str,
    kind: OutcomeKind,
    code: str,
    pipelining: bool,
    readers: int,
) -> None:
    script = {OTHER: [reply], "RCPT": [RELAY_DENIED] * readers}
    server = smtp_server(script, pipelining=pipelining)
    with pytest.raises(RequestRefused, match="relay access denied") as refused:
        open_smtp(server.url, connections=3).submit(mailing(readers)).result(timeout=30)

    outcomes = list(refused.value.outcomes)
    assert len(outcomes) == readers
    own = outcomes.pop(1)
    assert (own.kind, own.code, own.provider_wide) == (kind, code, False)
    assert {(one.kind, one.provider_wide) for one in outcomes} == {(OutcomeKind.LATER, True)}
    not_offered = [one.text for one in outcomes if one.code == "not-begun"]
    assert not_offered
    assert all("relay access denied" in words for words in not_offered)


def test_one_reader_whose_server_refuses_us_stops_nobody_else(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({OTHER: [RELAY_DENIED]})
    outcomes = open_smtp(server.url).submit(mailing(3)).result(timeout=30)
    assert [one.kind for one in outcomes] == ["accepted", "refused", "accepted"]


def test_those_who_are_left_are_refused_by_a_server_that_took_the_others(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    """Else an edition that is left with them could never come to its end."""
    server = smtp_server()
    provider = open_smtp(server.url)
    provider.submit(mailing(1)).result(timeout=30)
    server.script["RCPT"] = [RELAY_DENIED] * 2

    outcomes = provider.submit(mailing(2)).result(timeout=30)

    assert [one.kind for one in outcomes] == [OutcomeKind.REFUSED] * 2


def test_readers_who_are_all_unknown_are_each_refused(
    smtp_server: Any, open_smtp: Open, mailing: Any
) -> None:
    server = smtp_server({"RCPT": ["550 5.1.1 no such user"] * 30})
    outcomes = open_smtp(server.url).submit(mailing(30)).result(timeout=30)
    assert {(one.kind, one.enhanced) for one in outcomes} == {(OutcomeKind.REFUSED, "5.1.1")}


@pytest.mark.parametrize(
    ("enhanced", "text", "expected"),
    [
        ("5.7.1", "5.7.1 anything", True),
        ("5.7.26", "5.7.26 unauthenticated", True),
        ("5.1.8", "5.1.8 sender's domain not found", True),
        ("5.1.1", "5.1.1 no such user; see our spam policy", False),
        ("5.2.2", "5.2.2 mailbox full", False),
        (None, "relay not permitted", True),
        (None, "Relaying denied", True),
        (None, "blocked using a blacklist", True),
        (None, "authentication required", True),
        (None, "no such user here", False),
    ],
)
def test_whose_fault_a_refusal_is(*, enhanced: str | None, text: str, expected: bool) -> None:
    assert is_about_us(enhanced, text) is expected
