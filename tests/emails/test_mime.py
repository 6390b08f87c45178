"""What a message's headers say, what they refuse, and how a skeleton is filled.

That any message comes out of the standard library's parser as it was put in: test_mime_random.py.
"""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from emails.composition import Composition
from emails.errors import HeaderError, SlotError
from emails.mime import MailHeaders, build_skeleton
from emails.slots import mint_words

HEADERS = MailHeaders(
    sender="The Example Report <report@newsletter.example>",
    date=1_795_341_600.0,
    message_id_domain="newsletter.example",
)
READER = {"to": "ada@example.org", "message_id": "<7-12@newsletter.example>"}


def make(
    subject: str = "A subject", *, html: str = "<p>html</p>", text: str = "text"
) -> Composition:
    words = mint_words(["token", "name"], subject + html + text)
    return Composition(subject=subject, preheader="", mjml="", html=html, text=text, slots=words)


def parse(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def body(message: EmailMessage, subtype: str) -> str:
    (part,) = [part for part in message.walk() if part.get_content_type() == f"text/{subtype}"]
    decoded = part.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded.decode("utf-8")


def test_a_slot_in_the_subject_joins_its_surroundings_without_a_gap() -> None:
    words = {"token": "Q1R0Q", "name": "Q1R1Q"}
    composition = replace(make(), subject="Grüße, Q1R1Q!", slots=words)
    raw = build_skeleton(composition, HEADERS).fill({**READER, "token": "t", "name": "Zoë"})
    assert parse(raw)["Subject"] == "Grüße, Zoë!"


def test_the_headers_that_mailbox_providers_ask_for() -> None:
    headers = replace(
        HEADERS,
        reply_to="desk@newsletter.example",
        list_id="The Example Report <report.newsletter.example>",
        list_unsubscribe="https://newsletter.example/unsubscribe/{token}",
        list_unsubscribe_mailto="unsubscribe+{token}@newsletter.example",
        feedback_id="2026-11-22:report:example",
        extra={"X-Edition": "2026-11-22"},
    )
    skeleton = build_skeleton(make(), headers)
    assert set(skeleton.slots) == {"to", "message_id", "token"}
    message = parse(skeleton.fill({**READER, "token": "tok-1"}))
    assert message["From"] == "The Example Report <report@newsletter.example>"
    assert message["To"] == "ada@example.org"
    assert message["Reply-To"] == "desk@newsletter.example"
    assert message["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert message["Message-ID"] == "<7-12@newsletter.example>"
    assert message["MIME-Version"] == "1.0"
    assert message["List-ID"] == "The Example Report <report.newsletter.example>"
    assert message["List-Unsubscribe"] == (
        "<https://newsletter.example/unsubscribe/tok-1>, "
        "<mailto:unsubscribe+tok-1@newsletter.example>"
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == "2026-11-22:report:example"
    assert message["X-Edition"] == "2026-11-22"
    assert "Auto-Submitted" not in message
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_notice_says_that_a_machine_sent_it() -> None:
    raw = build_skeleton(make(), replace(HEADERS, auto_submitted=True)).fill(READER)
    assert parse(raw)["Auto-Submitted"] == "auto-generated"


def test_without_an_https_address_there_is_no_one_click() -> None:
    headers = replace(HEADERS, list_unsubscribe_mailto="leave@newsletter.example")
    message = parse(build_skeleton(make(), headers).fill(READER))
    assert message["List-Unsubscribe"] == "<mailto:leave@newsletter.example>"
    assert "List-Unsubscribe-Post" not in message


@pytest.mark.parametrize(
    "change",
    [
        {"sender": "a@example.org\r\nBcc: b@example.org"},
        {"sender": "not an address"},
        {"reply_to": "a@example.org\nX: y"},
        {"list_id": "a\r\nX: y <l.example>"},
        {"list_unsubscribe": "https://x.example/{token}\r\nX: y"},
        {"feedback_id": "a\nb"},
        {"extra": {"X-Note": "a\r\nBcc: b@example.org"}},
        {"extra": {"X-Note: y\r\nBcc": "b"}},
        {"extra": {"X-Long": "x" * 2000}},
    ],
)
def test_a_header_that_would_inject_another_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HeaderError):
        build_skeleton(make(), replace(HEADERS, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("subject", ["a\r\nBcc: b@example.org", "a\nb", "a\x00b"])
def test_a_subject_with_a_line_break_is_refused(subject: str) -> None:
    with pytest.raises(HeaderError, match="Subject"):
        build_skeleton(make(subject), HEADERS)


@pytest.mark.parametrize(
    "values",
    [
        {"to": "ada@example.org\r\nBcc: b@example.org"},
        {"to": "ada@example.org, b@example.org"},
        {"to": "nobody"},
        {"message_id": "<1@x.example>\r\nX: y"},
        {"message_id": "<" + "x" * 500 + "@x.example>"},
    ],
)
def test_a_value_that_would_inject_a_header_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(HeaderError):
        build_skeleton(make(), HEADERS).fill({**READER, **values})


def test_a_reader_may_have_a_display_name() -> None:
    raw = build_skeleton(make(), HEADERS).fill({**READER, "to": "Zoë Ünal <zoe@example.org>"})
    (address,) = parse(raw)["To"].addresses
    assert (address.display_name, address.addr_spec) == ("Zoë Ünal", "zoe@example.org")


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Acme, Inc. <a@example.org>", "Acme, Inc."),
        ('"Acme, Inc." <a@example.org>', "Acme, Inc."),
        ('The "Daily" <a@example.org>', 'The "Daily"'),
        ("Grüße aus Köln und von anderswo, täglich <a@example.org>", None),
        ("a@example.org", ""),
    ],
)
def test_a_sender_is_shown_by_the_name_that_was_given(sender: str, name: str | None) -> None:
    message = parse(build_skeleton(make(), replace(HEADERS, sender=sender)).fill(READER))
    (address,) = message["From"].addresses
    assert address.addr_spec == "a@example.org"
    assert address.display_name == (sender.partition(" <")[0] if name is None else name)


def test_a_missing_value_is_told_by_name() -> None:
    with pytest.raises(SlotError, match="message_id"):
        build_skeleton(make(), HEADERS).fill({"to": "ada@example.org"})


def test_headers_cannot_ask_for_a_token_that_the_composition_has_not() -> None:
    headers = replace(HEADERS, list_unsubscribe="https://newsletter.example/u/{token}")
    with pytest.raises(SlotError, match="List-Unsubscribe"):
        build_skeleton(replace(make(), slots={}), headers)


def test_the_same_composition_gives_the_same_bytes() -> None:
    first, second = (build_skeleton(make(), HEADERS).fill(READER) for _ in range(2))
    assert first == second


def test_the_message_id_of_a_delivery_never_changes() -> None:
    assert HEADERS.message_id("7-12") == "<7-12@newsletter.example>"


def test_a_skeleton_needs_no_dot_stuffing() -> None:
    composition = make(text=".\r\n..\r\n.b", html=".")
    raw = build_skeleton(composition, HEADERS).stuffed().fill(READER)
    assert b"\r\n." not in raw
    assert body(parse(raw), "plain") == ".\r\n..\r\n.b"
