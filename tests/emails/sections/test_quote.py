from collections.abc import Callable
from typing import Any

Show = Callable[..., Any]


def test_a_quote_stands_apart_with_who_said_it_and_where(show: Show) -> None:
    shown = show(
        kind="quote",
        text="Nobody *asked*.",
        by="Ada",
        source="A talk",
        url="https://a.example/talk",
    )
    assert '<blockquote class="pull"><p>Nobody <em>asked</em>.</p>' in shown.mail
    assert "Ada, <a" in shown.mail
    assert "> Nobody asked.\n\n  — Ada, A talk [1]" in shown.text
    assert '<figcaption>— Ada, <a href="https://a.example/talk">A talk</a>' in shown.web
    assert [link.label for link in shown.composition.links] == ["A talk"]


def test_a_quote_of_nobody_has_no_dash(show: Show) -> None:
    shown = show(kind="quote", text="It rains.")
    assert "—" not in shown.text + shown.mail + shown.web


def test_every_paragraph_of_a_quote_is_marked_in_the_text_part(show: Show) -> None:
    lines = show(kind="quote", text="word " * 40 + "\n\nsecond").text.split("\n")
    quoted = [line for line in lines if line.startswith(">")]
    assert len(quoted) > 4
    assert quoted[-2:] == [">", "> second"]
    assert all(len(line) <= 72 for line in quoted)


def test_a_quote_without_words_is_left_out(show: Show) -> None:
    assert [finding.code for finding in show(kind="quote", by="Ada").composition.warnings] == [
        "empty-section"
    ]
