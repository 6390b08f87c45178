import inspect
from typing import Any, get_args

import pytest

from emails.brand import Brand
from emails.errors import CompositionError
from emails.languages import LANGUAGES
from emails.notice_texts import NOTICE_TEXTS, Texts
from emails.notices import TO_EDITORS, TO_READERS, NoticeKind, compose_notice, confirm
from emails.slots import fill

BRAND = Brand.default()
URL = "https://newsletter.example/x/{token}"
FIELDS: dict[NoticeKind, dict[str, Any]] = {
    "confirm": {"url": URL},
    "welcome": {"preferences": URL, "unsubscribe": "https://newsletter.example/u/{token}"},
    "goodbye": {"url": URL},
    "preferences": {"url": URL},
    "copy": {"url": URL},
    "erasure": {"url": URL},
    "invite": {"url": URL, "invited_by": "Ada <b>"},
    "reset": {"url": URL},
    "alert": {"heading": "Paused & <b>", "lines": ["One\nline", "x < y"], "url": URL},
}


def test_every_kind_has_its_notice() -> None:
    assert {*TO_READERS, *TO_EDITORS} == set(get_args(NoticeKind)) == set(FIELDS)


def test_every_language_of_the_editions_has_words_for_every_notice_to_readers() -> None:
    assert set(NOTICE_TEXTS) == set(LANGUAGES)
    assert {frozenset(texts) for texts in NOTICE_TEXTS.values()} == {frozenset(TO_READERS)}


@pytest.mark.parametrize("kind", TO_READERS)
def test_every_language_says_as_much(kind: str) -> None:
    def shape(texts: Texts) -> tuple[object, ...]:
        named = ["{name}" in text for text in (texts.subject, *texts.lines, texts.footnote)]
        return (len(texts.lines), len(texts.small), bool(texts.link), bool(texts.footnote), named)

    english = shape(NOTICE_TEXTS["en"][kind])
    assert {tag for tag in NOTICE_TEXTS if shape(NOTICE_TEXTS[tag][kind]) != english} == set()


@pytest.mark.parametrize(
    ("language", "subject", "tag"),
    [
        ("de", "Bitte bestätigen: The Example Report", "de"),
        ("pt-BR", "Confirme, por favor: The Example Report", "pt"),
        ("ja", "Please confirm: The Example Report", "en"),
    ],
)
def test_a_reader_is_written_to_in_their_language(language: str, subject: str, tag: str) -> None:
    notice = compose_notice("confirm", BRAND, language=language, url=URL)
    assert notice.subject == subject
    assert f'lang="{tag}"' in notice.html


def test_editors_are_written_to_in_the_desks_language() -> None:
    assert compose_notice("reset", BRAND, language="de", url=URL) == compose_notice(
        "reset", BRAND, url=URL
    )


@pytest.mark.parametrize("kind", get_args(NoticeKind))
def test_a_notice_is_a_whole_mail_with_its_link_in_both_parts(kind: NoticeKind) -> None:
    notice = compose_notice(kind, BRAND, **FIELDS[kind])
    for part in (notice.html, notice.text):
        assert "https://newsletter.example/x/T" in fill(part, notice.slots, {"token": "T"})
        assert BRAND.postal_address in part
    assert notice.html.count("<h1") == 1
    assert "<img" not in notice.html
    assert notice.subject
    assert "<b>" not in notice.html


@pytest.mark.parametrize("kind", get_args(NoticeKind))
def test_the_same_notice_gives_the_same_bytes(kind: NoticeKind) -> None:
    assert compose_notice(kind, BRAND, **FIELDS[kind]) == compose_notice(
        kind, BRAND, **FIELDS[kind]
    )


def test_a_complete_link_needs_no_slot() -> None:
    notice = compose_notice("confirm", BRAND, url="https://newsletter.example/confirm/abc")
    assert notice.slots == {}
    assert 'href="https://newsletter.example/confirm/abc"' in notice.html


def test_a_confirmation_has_no_room_for_anything_that_was_typed_into_the_form() -> None:
    assert set(inspect.signature(confirm).parameters) == {"texts", "brand", "url"}


def test_an_alert_shows_its_lines_and_needs_no_link() -> None:
    notice = compose_notice("alert", BRAND, heading="Edition paused", lines=["5 % bounced."])
    assert notice.subject == "The Example Report: Edition paused"
    assert "5 % bounced." in notice.text
    assert notice.slots == {}


def test_a_line_break_cannot_get_into_the_subject() -> None:
    notice = compose_notice("alert", BRAND, heading="a\r\nBcc: b@example.org", lines=[])
    assert notice.subject == "The Example Report: a Bcc: b@example.org"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("confirm", {}), ("confirm", {"url": "https://x.example", "name": "typed"}), ("party", {})],
)
def test_a_wrong_field_or_kind_is_told(kind: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(CompositionError, match=kind):
        compose_notice(kind, BRAND, **fields)
