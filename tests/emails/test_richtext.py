"""Markdown on its way into a mail."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emails.richtext import LONGEST_ADDRESS, read_block, read_inline


def same(url: str) -> str:
    return url


def noted(_url: str) -> str:
    return " [3]"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*a* **b** `c` ~~d~~", "<em>a</em> <strong>b</strong> <code>c</code> <s>d</s>"),
        ("[a](https://x.example)", '<a href="https://x.example">a</a>'),
        ("<https://x.example/?a=1&b=2>", ('<a href="https://x.example/?a=1&amp;b=2">'
         "https://x.example/?a=1&amp;b=2</a>")),
        ("[a](mailto:a@b.example)", '<a href="mailto:a@b.example">a</a>'),
        ("https://x.example stays", "https://x.example stays"),
        ("$5 and $6", "$5 and $6"),
        ("<script>x</script> </mj-text> {{ a }}",
         "&lt;script&gt;x&lt;/script&gt; &lt;/mj-text&gt; {{ a }}"),
    ],
)  # fmt: skip
def test_inline_markdown_becomes_html(markdown: str, html: str) -> None:
    assert read_inline(markdown).html(same) == html


def test_blocks_become_html_with_headings_below_the_sections() -> None:
    markdown = "# A\n\none\ntwo\n\n- x\n- y\n\n3. z\n\n> q\n\n    code <\n"

    assert read_block(markdown).html(same).replace("\n", "") == (
        "<h3>A</h3><p>onetwo</p><ul><li>x</li><li>y</li></ul>"
        '<ol start="3"><li>z</li></ol><blockquote><p>q</p></blockquote><pre><code>code &lt;</code></pre>'
    )


def test_links_lead_where_the_caller_says_in_order_of_appearance() -> None:
    seen = []

    def href(url: str) -> str:
        seen.append(url)
        return f"https://t.example/c/{len(seen)}/Q7f3a9c01bR0Q"

    markdown = "[a](https://a.example) [b](https://b.example)\n\n- <https://c.example>"
    html = read_block(markdown).html(href)

    assert seen == ["https://a.example", "https://b.example", "https://c.example"]
    assert [f'href="https://t.example/c/{n}/Q7f3a9c01bR0Q"' in html for n in (1, 2, 3)] == [
        True
    ] * 3


def test_a_text_read_once_can_be_written_again_and_again() -> None:
    markdown = "# A\n\n[a](https://a.example) ![b](https://b.example/p.png) [c](ftp://c.example)[^1]\n\n[^1]: n"
    prose = read_block(markdown)

    first = prose.html(lambda url: f"{url}/1", refuse=print, first_heading=2)
    assert prose.html(lambda url: f"{url}/1", refuse=print, first_heading=2) == first
    assert prose.html(same) == read_block(markdown).html(same)
    assert prose.lines(noted) == read_block(markdown).lines(noted)


def test_an_address_that_stands_for_itself_is_shown_without_its_middle() -> None:
    address = "https://x.example/" + "middle/" * 30 + "end"

    for read in (read_inline, read_block):
        html = read(f"see <{address}>").html(same)
        assert f'href="{address}"' in html
        label = html.split('">')[1].split("</a>")[0]
        assert len(label) == LONGEST_ADDRESS
        assert label.startswith("https://x.example/middle/")
        assert "…" in label
        assert label.endswith("middle/end")
    assert read_inline(f"<{address}>").line(noted) == f"{label} [3]"
    assert f">{address[:70]}<" in read_inline(f"[{address[:70]}]({address})").html(same)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JavaScript:x", "data:text/html,x", "ftp://x.example", "/a", "#a", ""],
)
def test_a_link_that_a_mail_must_not_carry_keeps_its_words_and_is_reported(url: str) -> None:
    refused: list[str] = []

    assert read_inline(f"a [*b*]({url}) c").html(same, refuse=refused.append) == "a <em>b</em> c"
    assert refused == [url]
    assert read_inline(f"a [b]({url}) c").line(noted) == "a b c"


def test_images_keep_alt_text_and_sizes_and_nothing_else() -> None:
    html = read_inline('![a <b>](https://x.example/a.png "t"){width=300 onerror=x}').html(same)

    assert html == '<img src="https://x.example/a.png" alt="a &lt;b&gt;" title="t" width="300">'


@pytest.mark.parametrize("source", ["data:image/png;base64,x", "mailto:a@b.example", "a.png"])
def test_an_image_from_nowhere_is_its_alt_text_and_reported(source: str) -> None:
    refused: list[str] = []

    assert read_inline(f"![seen]({source})").html(same, refuse=refused.append) == "seen"
    assert refused == [source]


@pytest.mark.parametrize(
    ("language", "quoted"),
    [
        ("en", "“a ‘b’” it’s"),
        ("de-AT", "„a ‚b‘“ it’s"),
        ("fr", "«\xa0a ‹\xa0b\xa0›\xa0» it’s"),
        ("no", "«a ‘b’» it’s"),
        ("xx", "“a ‘b’” it’s"),
    ],
)
def test_quotes_are_those_of_the_language(language: str, quoted: str) -> None:
    html = read_inline("\"a 'b'\" it's", language).html(same)

    assert html.replace("&nbsp;", "\xa0") == quoted
    assert read_inline("\"a 'b'\" it's", language).line(noted) == quoted


def test_code_keeps_its_quotes() -> None:
    assert read_inline('`"x"`').html(same) == '<code>"x"</code>'


def test_footnotes_stand_below_without_links() -> None:
    html = read_block("a[^n] b\n\n[^n]: *why*\n").html(same)

    assert "<p>a<sup>1</sup> b</p>" in html
    assert "<em>why</em>" in html
    assert "href" not in html
    assert read_block("a[^n] b\n\n[^n]: *why*\n").lines(noted) == "a[^1] b\n\n1. why"


def test_plain_text_has_a_line_for_each_paragraph_and_item() -> None:
    markdown = (
        "# Head\n\none\n*two* [link](https://x.example)\n\n- x\n- y\n\n  more\n  1. z\n\n"
        "> q\n\n---\n\n```\ncode\n  more\n```\n\n![alt](https://x.example/a.png)"
    )

    assert read_block(markdown).lines(noted) == (
        "Head\n\none two link [3]\n\n- x\n- y\n  more\n  1. z\n\n> q\n\n* * *\n\n"
        "    code\n      more\n\n[alt]"
    )


def test_plain_inline_is_one_line() -> None:
    assert read_inline("a\\\nb\nc").line(noted) == "a b c"


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="<>&\"'()[]!*_`#-\n \\/:=abhrefjsonclickmt{}~^\u202e\U0001f600", max_size=200)
)
def test_no_markup_gets_through_but_ours(markdown: str) -> None:
    html = read_block(markdown).html(same)

    for piece in html.split("<")[1:]:
        name = piece.lstrip("/").split(">")[0].split(" ")[0]
        assert name in {
            "p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "br", "h3",
            "h4", "h5", "h6", "a", "img", "s", "sup",
        }  # fmt: skip
    assert "javascript:" not in [piece[:11] for piece in html.split('href="')[1:]]
    read_block(markdown).lines(noted)


@pytest.mark.parametrize("piece", ["[", "*a **b ", "![", "> ", '"', "[a](b", "<", "[^1]", "`"])
def test_hostile_markdown_is_read_in_bounded_time(piece: str) -> None:
    text = (piece * 10_000)[:10_000]

    assert read_block(text).html(same) is not None
    assert read_block(text).lines(noted) is not None


def ranks(text: str, first: int = 3) -> list[str]:
    return re.findall(r"<h(\d)>", read_block(text).html(str, first_heading=first))


def test_headings_skip_no_level_however_they_were_written() -> None:
    assert ranks("# a\n\n## b\n\n# c") == ["3", "4", "3"]
    assert ranks("### a\n\n#### b") == ["3", "4"]
    assert ranks("### a\n\n# b\n\n### c") == ["3", "3", "4"]
    assert ranks("## a\n\n###### b", first=2) == ["2", "3"]
    assert ranks("\n\n".join(f"{'#' * n} a" for n in range(1, 7))) == ["3", "4", "5", "6", "6", "6"]
