"""What can be written into MAIL and RCPT, and what is said of the rest."""

from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from newsletter.providers.base import Outcome, OutcomeKind
from newsletter.providers.smtp import SmtpOptions, SmtpProvider
from newsletter.providers.smtp_address import AddressError, _ascii_domain, path
from newsletter.providers.smtp_server import SmtpServer
from tests.newsletter.providers.conftest import make_mailing


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@example.com", b"ada@example.com"),
        ("ada@zürich.example", b"ada@xn--zrich-kva.example"),
    ],
)
def test_a_domain_is_given_in_ascii(address: str, expected: bytes) -> None:
    assert path(address) == expected


@pytest.mark.parametrize("address", ["", "ada", "a da@example.com", "ada>@example.com"])
def test_what_would_smuggle_in_a_command_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        path(address)


def test_senders_that_all_differ_have_their_domain_encoded_once() -> None:
    _ascii_domain.cache_clear()
    for number in range(2_000):
        path(f"bounces+{number}@zürich.example")
    assert _ascii_domain.cache_info().misses == 1


ZOE = "zoë@xn--zrich-kva.example"
HELLO = "250-scripted\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8"


def send_to_zoe_and_another(server: Any) -> list[Outcome]:
    two = make_mailing(2)
    zoe = two.recipients[0]._replace(email=ZOE)
    provider = SmtpProvider(SmtpOptions(server=SmtpServer.from_url(server.url), timeout=10.0))
    outcomes = provider.submit(replace(two, recipients=[zoe, two.recipients[1]])).result(timeout=30)
    provider.close()
    return list(outcomes)


@pytest.mark.parametrize("hello", [HELLO, HELLO.replace("250-PIPELINING\r\n", "")])
def test_a_local_part_beyond_ascii_goes_out_where_the_server_carries_it(
    smtp_server: Any, hello: str
) -> None:
    mail = "MAIL FROM:<news@news.example>"
    script = {"EHLO": [hello], mail + " BODY=8BITMIME SMTPUTF8": ["250 ok"], mail: ["250 ok"]}
    server = smtp_server(script)

    kinds = {one.kind for one in send_to_zoe_and_another(server)}

    assert kinds == {OutcomeKind.ACCEPTED}
    assert not any(server.script.values())  # each was said once: only Zoë's mail asks for it
    bodies = dict(server.messages)
    read = message_from_bytes(bodies[ZOE], policy=policy.SMTPUTF8)
    assert read["To"] == ZOE
    assert bodies["reader-1@example.com"].isascii()


def test_a_local_part_beyond_ascii_is_refused_in_words_where_it_does_not(smtp_server: Any) -> None:
    refused, taken = send_to_zoe_and_another(smtp_server())

    assert (refused.kind, refused.code) == (OutcomeKind.REFUSED, "unfit")
    assert "SMTPUTF8" in refused.text
    assert taken.kind is OutcomeKind.ACCEPTED
