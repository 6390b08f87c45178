import pytest

from emails import inlining
from emails.errors import CompositionError
from emails.inlining import inline
from emails.mjml import DOCTYPE

HEAD = """<style type="text/css">
#outlook a { padding: 0; }
@import url("http://127.0.0.1:9/never.css");
@supports (display: grid) { .x { color: red } }
[data-ogsc] .x { color: blue !important }
u + .body .x { color: green }
@media (prefers-color-scheme: dark) { p.x { color: white !important } }
</style><style media="screen and (min-width:480px)">.moz { width: 50% !important }</style>
<!--[if mso]><style>.mso { width: 100% }</style><![endif]-->"""


def page(body: str, head: str = HEAD) -> str:
    return f"{DOCTYPE}<html><head>{head}</head><body>{body}</body></html>"


def test_our_rules_become_style_attributes() -> None:
    assert '<p class="x" style="color:#123456">' in inline(
        page('<p class="x">a</p>'), "p.x { color: #123456; }"
    )


def test_style_blocks_stay_as_they_are_and_lose_their_marker() -> None:
    html = inline(page('<p class="x">a</p>'), "p.x { color: #123456; }")
    for rule in HEAD.splitlines()[1:-2]:
        assert rule in html
    assert '<style media="screen and (min-width:480px)">' in html
    assert "<!--[if mso]><style>.mso { width: 100% }</style><![endif]-->" in html
    assert "data-premailer" not in html


def test_the_more_special_rule_wins_and_the_later_of_equals() -> None:
    css = "p.x { color: red; } p { color: green; } p.x { margin: 0; } p.x { margin: 1px; }"
    assert 'style="color:red; margin:1px"' in inline(page('<p class="x">a</p>'), css)


def test_a_style_that_is_there_already_wins_over_the_stylesheet() -> None:
    html = inline(page('<p class="x" style="color:black">a</p>'), "p.x { color: red; margin: 0 }")
    assert '<p class="x" style="color:black; margin:0">' in html


def test_rules_that_nothing_matches_leave_no_trace() -> None:
    assert "orange" not in inline(
        page("<p>a</p>"), "p.absent { color: orange } h4 { color: orange }"
    )


def test_two_stylesheets_do_not_mix() -> None:
    first = inline(page("<p>a</p>"), "p { color: red }")
    second = inline(page("<p>a</p>"), "p { margin: 0 }")
    assert '<p style="color:red">' in first
    assert '<p style="margin:0">' in second


def test_widths_do_not_become_attributes() -> None:
    html = inline(page("<table><tr><td>a</td></tr></table>"), "td { width: 50%; text-align: end }")
    assert '<td style="width:50%; text-align:end">' in html


@pytest.mark.parametrize("text", ["é – ▲ 👍", "a &amp; b &lt;c&gt;", "x\\y"])
def test_text_comes_through(text: str) -> None:
    assert f"<p>{text}</p>" in inline(page(f"<p>{text}</p>"), "h1 { margin: 0 }")


def test_an_element_is_styled_by_what_it_stands_in() -> None:
    css = "p { color: red; } div.a p { color: blue; } div.a > em { color: green; }"
    for _ in range(2):  # asked, and remembered
        html = inline(page('<p>1</p><div class="a"><p>2<em>3</em></p><em>4</em></div>'), css)
        assert '<p style="color:red">1</p>' in html
        assert '<p style="color:blue">2<em>3</em></p>' in html
        assert '<em style="color:green">4</em>' in html


def test_premailer_is_asked_once_for_each_kind_of_element(monkeypatch: pytest.MonkeyPatch) -> None:
    css = "p.asked-once { color: red; }"
    first = inline(page('<p class="asked-once">1</p>'), css)
    monkeypatch.setattr(inlining._Inliner, "transform", None)
    assert inline(page('<p class="asked-once">2</p>'), css) == first.replace(">1<", ">2<")
    with pytest.raises(TypeError, match="NoneType"):
        inline(page('<p class="asked-once" style="margin:0">3</p>'), css)


def test_kinds_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlining, "MOST_KINDS", 3)
    css = "p.many { color: red; }"
    for number in range(9):
        assert 'style="color:red"' in inline(page(f'<p class="many n{number}">a</p>'), css)
    assert inlining._wardrobe(css)._known <= 4


@pytest.mark.parametrize("selector", ["p + p", "li:first-child", "a[href]", "#one", "p ~ em"])
def test_a_selector_that_asks_for_more_than_ancestry_is_refused(selector: str) -> None:
    with pytest.raises(CompositionError, match="can't be inlined"):
        inline(page("<p>a</p>"), f"{selector} {{ color: red }}")


def test_a_document_in_quirks_mode_is_refused() -> None:
    with pytest.raises(CompositionError, match="quirks"):
        inline("<html><head></head><body><p>a</p></body></html>", "p { margin: 0 }")
