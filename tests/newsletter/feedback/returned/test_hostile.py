"""Anybody may write to the address of bounces, and as they like: nothing of it takes long."""

import time

import pytest

from newsletter.feedback.returned.intake import MOST_BYTES
from newsletter.feedback.returned.reader import normalise, packed
from newsletter.site import Site
from newsletter.tokens import Signer
from tests.newsletter.feedback.mailed import NOW
from tests.newsletter.feedback.returned.mails import QMAIL, postfix

PATIENCE = 10.0
"""Seconds of the processor for the longest mail that is kept; most take less than a tenth of one."""
SITE = Site("https://ledger.example", Signer("a secret for tests"), "bounces@ledger.example")
STATUS = b"Content-Type: message/delivery-status\r\n\r\n"
COMPLAINT = b"Content-Type: message/feedback-report\r\n\r\n"
TEXT = b"From: a@reader.example\r\n\r\n"


def word(mail: bytes) -> object:
    """What a mail is taken for, in an allowable time."""
    before = time.process_time()
    (event,) = normalise(packed("1-1", mail[:MOST_BYTES]), received_at=NOW)
    assert time.process_time() - before < PATIENCE
    return event.raw["event"]


@pytest.mark.parametrize("start", [STATUS + b"Action: ", STATUS, COMPLAINT, TEXT])
@pytest.mark.parametrize("filling", [b"(", b"( ", b"()", b"a@", b"1.", b"\n", b"a:b\n\n", b" \n"])
def test_a_filling_of_any_kind_is_read_in_no_time(start: bytes, filling: bytes) -> None:
    assert word(start + filling * MOST_BYTES)


@pytest.mark.parametrize(
    "level",
    [
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n",
        b"Content-Type:\r\n message/rfc822; a=%d; b=%d\r\n\r\n",
    ],
)
def test_a_mail_within_mails_without_end_is_unreadable(level: bytes) -> None:
    assert word(b"".join(level % (number, number) for number in range(3_000))) == "unreadable"


def test_a_field_with_a_comment_is_read_without_it() -> None:
    assert word(postfix("b@ledger.example", action="failed (for good)")) == "failed"


@pytest.mark.parametrize("shape", ["postfix", "qmail"])
def test_no_readers_address_is_kept_with_what_a_server_says(shape: str) -> None:
    diagnosis = "550 5.1.1 <ada@reader.example>: User unknown"
    to = SITE.return_path(1, 1)
    mail = QMAIL.format(to=to).encode() if shape == "qmail" else postfix(to, diagnosis=diagnosis)
    (event,) = normalise(packed("1-1", mail), received_at=NOW)
    assert event.reason
    assert "5.1.1" in event.reason
    kept = f"{event.reason} {event.raw} {event.summary}"
    assert "ada@" not in kept
    assert "dee@" not in kept
