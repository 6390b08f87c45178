"""What a mail may show of a reader, whatever they typed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.reader import MOST_CHARACTERS, NOBODY, Reader
from emails.slots import mint_words


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("name", "Ada Example"),
        ("first_name", "Ada"),
        ("tags", "founder, sailing"),
        ("attributes.city", "Kiel"),
        ("attributes.Favourite colour", "sea green"),
        ("attributes.age", "57"),
        ("attributes.address.street", "Wharf 1"),
        ("attributes.langs", "de, en"),
        ("attributes.a.b", "as it is named"),
    ],
)
def test_what_a_reader_has_is_shown(asked: str, value: str) -> None:
    reader = Reader(
        "Ada Example",
        {
            "city": "Kiel",
            "Favourite colour": "sea green",
            "age": 57,
            "address": {"street": "Wharf 1"},
            "langs": ["de", "en", None],
            "a.b": "as it is named",
        },
        ["founder", "sailing"],
    )
    assert reader.value(asked) == value


@pytest.mark.parametrize("asked", ["name", "first_name", "tags", "attributes.x", "attributes.x.y"])
def test_who_has_none_is_shown_nothing(asked: str) -> None:
    assert NOBODY.value(asked) == ""


@pytest.mark.parametrize("odd", [None, True, False, {"x": 1}, [], [None], " \r\n\t"])
def test_what_has_no_words_is_nothing(odd: Any) -> None:
    assert Reader(attributes={"x": odd}).value("attributes.x") == ""


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada\r\nBcc: eve@example.com", "Ada Bcc: eve@example.com"),
        ("\u202eEve\u202c", "Eve"),
        ("Ada\x00\x1b[31m", "Ada [31m"),
        ("  Ada \u2028 Example ", "Ada Example"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("{{reader.name}}", "{{reader.name}}"),
        ("שלום 👩‍👩‍👧", "שלום 👩‍👩‍👧"),
        ("\ud800", ""),
    ],
)
def test_a_value_is_one_line_that_turns_nothing_round(typed: str, shown: str) -> None:
    assert Reader(attributes={"x": typed}).value("attributes.x") == shown


def test_a_long_value_is_cut() -> None:
    shown = Reader("x" * 10_000).value("name")
    assert (len(shown), shown[-1]) == (MOST_CHARACTERS, "…")


@given(st.text(max_size=300))
def test_no_value_is_longer_or_holds_a_line_break(typed: str) -> None:
    shown = Reader(typed, {"x": typed}, [typed, typed]).value("tags")
    assert len(shown) <= MOST_CHARACTERS
    assert len(shown.splitlines()) <= 1


def test_what_looks_like_a_slot_word_is_not_filled_in() -> None:
    word = mint_words(["token"], "an issue")["token"]
    assert Reader(f"Ada {word}").value("name") == ""


@pytest.mark.parametrize(
    "name",
    [
        "Win at https://evil.example",
        "www.evil.example",
        "evil.example",
        "eve@mail",
        "EVIL.COM now",
        "evil.Com",
        "EvIl.CoM",
        "Evil.De",
        "T.Me/evil",
        "Www.Evil.Example",
        "evil.museum",
        "win.evil.photography/now",
        "EVIL.CASINO.",
        "evil.zz",
    ],
)
def test_a_name_that_leads_somewhere_is_no_name(name: str) -> None:
    assert Reader(name).value("name") == ""


@pytest.mark.parametrize(
    "name",
    [
        "J. R. R. Tolkien",
        "St.John Rivers",
        "J.De Vries",
        "Ada O'Neil, Jr.",
        "M.I.A.",
        "Jo.Lee",
        "jo.lee",
        "J.R.Smith",
        "J.R.SMITH",
        "st.john rivers",
        "mary.day.smith",
    ],
)
def test_a_name_may_have_dots(name: str) -> None:
    assert Reader(name).value("name") == name
