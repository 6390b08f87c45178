import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.abstracts import shorten


def test_a_short_text_stays_whole() -> None:
    assert shorten("A short one.", 80) == ("A short one.", False)


def test_a_text_is_cut_at_a_word() -> None:
    assert shorten("one two three four", 13) == ("one two three", True)


def test_a_sentence_end_near_the_limit_is_preferred() -> None:
    assert shorten("First sentence is here. Second goes on and on", 30) == (
        "First sentence is here",
        True,
    )


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("so $a + b + c$ it goes on", 8, "so"),
        ("so $a + b + c$ it goes on", 16, "so $a + b + c$"),
        ("so \\(a + b\\) it goes", 6, "so"),
        ("so \\emph{very much so} it", 12, "so"),
        ("$a + b + c + d$ and so on", 5, "$a + b + c + d$"),
    ],
)
def test_a_formula_is_never_cut(text: str, length: int, expected: str) -> None:
    assert shorten(text, length) == (expected, True)


def test_a_price_does_not_hold_up_the_cut() -> None:
    short, _ = shorten("It costs $5 to run, and that is all there is to say", 40)
    assert short.startswith("It costs $5 to run, and that is")


def test_a_text_without_a_blank_stays_whole() -> None:
    assert shorten("one-long-word.", 5) == ("one-long-word.", False)


@given(st.text("ab $\\{}(). ", max_size=200), st.integers(1, 60))
def test_what_is_shown_begins_the_text(text: str, length: int) -> None:
    short, cut = shorten(text, length)
    whole = " ".join(text.split())
    assert whole.startswith(short)
    assert cut or short == whole
