"""What can be written into MAIL and RCPT, and what is said of the rest."""

from typing import Any

import pytest

from newsletter.providers.base import OutcomeKind
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


def test_a_local_part_beyond_ascii_is_refused_in_words_that_say_why(smtp_server: Any) -> None:
    mailing = make_mailing(2)
    reader = mailing.recipients[0]._replace(email="zoë@example.com")
    server = smtp_server()
    provider = SmtpProvider(SmtpOptions(server=SmtpServer.from_url(server.url), timeout=10.0))
    both = make_mailing(recipients=[reader, mailing.recipients[1]])
    refused, taken = provider.submit(both).result(timeout=30)
    provider.close()

    assert (refused.kind, refused.code) == (OutcomeKind.REFUSED, "unfit")
    assert "SMTPUTF8" in refused.text
    assert taken.kind is OutcomeKind.ACCEPTED
