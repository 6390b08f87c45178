import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.issue import Table
from emails.plaintext import WIDTH, aligned, bulleted, columns, excerpt, wrapped, wrapped_block
from emails.tables import view


def table(*rows: list[str | None], labels: tuple[str, ...] = ("Model", "Score", "$/1M")) -> Table:
    return Table.model_validate(
        {"key": "t", "name": "T", "columns": list(labels), "rows": list(rows), "ranked": True}
    )


def one_line(row: tuple[str, ...]) -> list[str | None]:
    return [" ".join(cell.split()) for cell in row]


def test_a_table_is_aligned_with_its_figures_flush_right() -> None:
    assert aligned(view(table(["Alpha", "9.5", "$10.00"], ["Be", "10.5", None]))) == (
        "#  Model  Score    $/1M\n"
        "-----------------------\n"
        "1  Alpha    9.5  $10.00\n"
        "2  Be      10.5       –"
    )


def test_a_long_name_is_shortened_before_a_line_gets_too_long() -> None:
    lines = aligned(view(table(["a-very-long-name-" * 6, "9.5", "1"]))).splitlines()
    assert max(map(columns, lines)) <= WIDTH
    assert "…" in lines[2]
    assert lines[2].endswith("9.5     1")


def test_a_table_that_is_too_wide_becomes_blocks() -> None:
    labels = ("Model", *(f"Column number {n}" for n in range(8)))
    shown = aligned(view(table(["Alpha", *"12345678"], labels=labels)))
    assert "1. Alpha" in shown
    assert "  Column number 7: 8" in shown


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=90), st.text(max_size=20), st.text(max_size=20)),
        min_size=1,
        max_size=4,
    )
)
def test_tables_fit_their_columns_whatever_is_in_them(rows: list[tuple[str, str, str]]) -> None:
    shown = aligned(view(table(*(one_line(row) for row in rows))))
    assert all(columns(line) <= WIDTH for line in shown.split("\n"))


@pytest.mark.parametrize(("text", "wide"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("–▲", 2)])
def test_columns_are_those_of_a_terminal(text: str, wide: int) -> None:
    assert columns(text) == wide


def test_words_and_addresses_stay_whole() -> None:
    address = "https://example.org/" + "a" * 90
    assert wrapped(f"see {address}").splitlines() == ["see", address]
    assert "state-of-the-art" in wrapped("x " * 31 + "state-of-the-art")


def test_wide_characters_count_twice() -> None:
    lines = wrapped("日本語日本語 " * 12).splitlines()
    assert {columns(line) for line in lines[:-1]} == {64}


def test_a_no_break_space_breaks_no_line() -> None:
    assert "10\xa0km" in wrapped("x " * 34 + "10\xa0km").splitlines()


def test_code_is_left_as_it_is() -> None:
    code = "    a  =  " + "b" * 80
    assert wrapped_block(f"see\n\n{code}") == f"see\n\n{code}"


@given(st.lists(st.text("ab", min_size=1, max_size=70)))
def test_wrapping_loses_no_word(words: list[str]) -> None:
    assert wrapped(" ".join(words), "* ", "  ").replace("* ", "", 1).split() == words


@given(st.lists(st.text("ab日e\u0301", min_size=1, max_size=200)))
def test_a_word_without_an_end_goes_on_in_the_next_line(words: list[str]) -> None:
    lines = wrapped(" ".join(words), "* ", "  ").split("\n")
    assert all(columns(line) <= WIDTH for line in lines)
    assert "".join(line[2:] for line in lines).replace(" ", "") == "".join(words)


def test_what_hangs_under_a_bullet_is_indented() -> None:
    lines = bulleted("word " * 30).splitlines()
    assert lines[0].startswith("* word")
    assert all(line.startswith("  word") for line in lines[1:])


def test_blocks_keep_their_marks_and_blank_lines() -> None:
    shown = wrapped_block(f"para\n\n- {'item ' * 20}\n\n> {'quote ' * 20}\n\n12. one\n\n    code")
    assert "para\n\n- item" in shown
    assert "\n  item" in shown
    assert "\n> quote" in shown.split("> quote", 1)[1]
    assert "\n12. one" in shown
    assert shown.endswith("\n\n    code")


def test_an_excerpt_is_cut_at_a_word() -> None:
    assert excerpt("one two\nthree four", 11) == "one two…"
    assert excerpt("one two", 11) == "one two"
