import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.slots import fill, mint_words, split


def test_words_are_alphanumeric_and_the_same_for_the_same_content() -> None:
    first, second = (mint_words(["token", "name"], "An issue") for _ in range(2))
    assert first == second
    assert len(set(first.values())) == 2
    assert all(set(word) <= set(string.ascii_letters + string.digits) for word in first.values())


def test_other_content_gives_other_words() -> None:
    assert mint_words(["token"], "An issue") != mint_words(["token"], "Another issue")


def test_a_word_that_an_editor_has_written_is_not_used() -> None:
    content = "An issue"
    for _ in range(3):
        content += mint_words(["token"], content)["token"]
    assert mint_words(["token"], content)["token"] not in content


def test_content_with_a_lone_surrogate_still_gets_its_words() -> None:
    assert mint_words(["token"], "\ud800")["token"]


@given(
    st.lists(st.one_of(st.text(), st.sampled_from(["token", "name"]).map(lambda name: (name,)))),
    st.text(),
    st.text(),
)
def test_a_filled_text_has_values_where_slots_stood_and_nothing_else_changed(
    pieces: list[str | tuple[str]], token: str, name: str
) -> None:
    values = {"token": token, "name": name}
    constants = "".join(piece for piece in pieces if isinstance(piece, str))
    words = mint_words(["token", "name"], constants)
    text = "".join(piece if isinstance(piece, str) else words[piece[0]] for piece in pieces)
    expected = "".join(piece if isinstance(piece, str) else values[piece[0]] for piece in pieces)
    assert fill(text, words, values) == expected


def test_a_value_that_looks_like_a_slot_word_is_left_alone() -> None:
    words = {"token": "Q0R0Q", "name": "Q0R1Q"}
    assert fill("Q0R0Q Q0R1Q", words, {"token": "Q0R1Q", "name": "n"}) == "Q0R1Q n"


def test_a_missing_value_is_told() -> None:
    with pytest.raises(KeyError, match="token"):
        split("a Q0R0Q b", {"token": "Q0R0Q"}).fill({})


def test_a_text_without_slots_is_one_constant() -> None:
    assert split("plain", {}).constants == ("plain",)
    assert split("plain", {"token": "Q0R0Q"}).names == ()
