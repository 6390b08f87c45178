from html import unescape

import pytest
from jinja2 import UndefinedError

from emails.brand import Brand
from emails.errors import CompositionError
from emails.mjml import DOCTYPE, clean, environment, mjml_to_html


def document(body: str, head: str = "") -> str:
    return (
        f"<mjml><mj-head><mj-title>{head}</mj-title></mj-head><mj-body><mj-section><mj-column>"
        f"{body}</mj-column></mj-section></mj-body></mjml>"
    )


def text(content: str) -> str:
    return document(f"<mj-text>{content}</mj-text>")


def test_the_doctype_is_the_one_that_premailer_keeps() -> None:
    assert mjml_to_html(text("x")).startswith(DOCTYPE)


def test_no_font_is_fetched_from_anywhere() -> None:
    body = '<mj-text font-family="Ubuntu, Helvetica">x</mj-text>'
    assert "fonts.googleapis" not in mjml_to_html(document(body))


@pytest.mark.parametrize("character", ["\\", "é", "\xa0", "\u200d", "e\u0301", "👍"])
def test_attributes_keep_their_characters(character: str) -> None:
    html = mjml_to_html(document(f'<mj-image src="https://x.example/" alt="a{character}b"/>'))
    assert f'alt="a{character}b"' in unescape(html)


def test_a_backslash_in_the_text_comes_out_once() -> None:
    assert "a&#92;b" in mjml_to_html(text("a\\b"))


def test_a_line_break_between_inline_tags_stays_a_space() -> None:
    assert "</b> <i>" in mjml_to_html(text("<b>one</b>\n<i>two</i>"))


@pytest.mark.parametrize("broken", ["<b>", "a < b"])
def test_what_does_not_parse_is_told(broken: str) -> None:
    with pytest.raises(CompositionError, match="MJML does not parse"):
        mjml_to_html(text(broken))


def test_cleaning_takes_what_xml_cannot_hold_and_nothing_else() -> None:
    assert clean("a\x00b\x0bc\ud800d\ufffee") == "abcde"
    assert clean("tab\t line\n é \u200f 👍 \ue000") == "tab\t line\n é \u200f 👍 \ue000"


def test_markup_is_escaped_in_html_and_not_in_text() -> None:
    jinja = environment()
    assert jinja.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    assert "&" in jinja.get_template("notices/notice.txt.j2").render(
        brand=Brand(name="A & B", sender="a@example.org"),
        notice={"heading": "<h>", "lines": [], "small": []},
        button=None,
        links=[],
        footnote="",
    )


def test_a_variable_that_a_template_misspells_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ no_such_thing }}").render()
