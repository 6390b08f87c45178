"""LaTeX in titles and abstracts."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emails.tex import MAX_TEXT, tex_to_html, tex_to_text

S = "\xa0"  # the space that doesn't break


@pytest.mark.parametrize(
    ("source", "html", "text"),
    [
        (r"$\approx$1K", "≈1K", "≈1K"),
        (r"$1.58\times$ faster", "1.58× faster", "1.58× faster"),
        (r"$6\times10^{21}$", f"6{S}×{S}10<sup>21</sup>", f"6{S}×{S}10²¹"),
        (r"$O(\ell^{-β})$", "<i>O</i>(<i>ℓ</i><sup>−<i>β</i></sup>)", "O(ℓ⁻ᵝ)"),
        (r"$S_{\mathrm{eff}}(t)$", "<i>S</i><sub>eff</sub>(<i>t</i>)", "S_eff(t)"),
        (r"$O(1/S_{\mathrm{eff}}(t))$", "<i>O</i>(1/<i>S</i><sub>eff</sub>(<i>t</i>))", "O(1/S_eff(t))"),
        ("$0<β<1$", f"0{S}&lt;{S}<i>β</i>{S}&lt;{S}1", f"0{S}<{S}β{S}<{S}1"),
        ("$K$ trials, $n$th", "<i>K</i> trials, <i>n</i>th", "K trials, nth"),
        (r"$\alpha\Omega\varepsilon$", "<i>αΩε</i>", "αΩε"),
        (r"$x = -1$", f"<i>x</i>{S}={S}−1", f"x{S}={S}−1"),
        (r"$10^{-3}$", "10<sup>−3</sup>", "10⁻³"),
        (r"$\frac{a+b}{2}$", f"(<i>a</i>{S}+{S}<i>b</i>)/2", f"(a{S}+{S}b)/2"),
        (r"$\frac{1}{4} q$", "(1/4)<i>q</i>", "(1/4)q"),
        (r"$\frac{a}{b}^2$", "(<i>a</i>/<i>b</i>)<sup>2</sup>", "(a/b)²"),
        (r"$2\frac{1}{4}$", "2(1/4)", "2(1/4)"),
        (r"$\frac{a}{b} \left(c\right)$", "(<i>a</i>/<i>b</i>)(<i>c</i>)", "(a/b)(c)"),
        (r"$\frac{a}{b} \log n$", f"(<i>a</i>/<i>b</i>)log{S}<i>n</i>", f"(a/b)log{S}n"),
        (r"$\left(\frac{a}{b}\right)$", "(<i>a</i>/<i>b</i>)", "(a/b)"),
        (r"$e^{-\frac{1}{2}} \le \frac{1}{2}, x$",
         f"<i>e</i><sup>−1/2</sup>{S}≤{S}1/2,{S}<i>x</i>", f"e^(−1/2){S}≤{S}1/2,{S}x"),
        (r"$\binom{n}{k}$", f"(<i>n</i>{S}choose{S}<i>k</i>)", f"(n{S}choose{S}k)"),
        (r"$\underset{x}{\arg\max} f$",
         f"arg{S}max<sub><i>x</i></sub>{S}<i>f</i>", f"arg{S}maxₓ{S}f"),
        (r"$\frac12$ $x_123$", "1/2 <i>x</i><sub>1</sub>23", "1/2 x₁23"),
        (r"$\sqrt{n}$ $\sqrt[3]{2x}$", "√<i>n</i> <sup>3</sup>√(2<i>x</i>)", "√n ³√(2x)"),
        (r"$\hat{y} \bar x \vec{v}$", "<i>ŷx̄v⃗</i>", "ŷx̄v⃗"),
        (r"$\mathbb{R}^d \to \mathcal{L}$", f"ℝ<sup><i>d</i></sup>{S}→{S}ℒ", f"ℝᵈ{S}→{S}ℒ"),
        (r"$\mathbf{x} \in A$", f"<b>x</b>{S}∈{S}<i>A</i>", f"x{S}∈{S}A"),
        (r"$x^{2^{n}}$", "<i>x</i><sup>2<sup><i>n</i></sup></sup>", "x^2ⁿ"),
        (r"$\sum_{i=1}^{n} x_i$",
         "∑<sub><i>i</i>=1</sub><sup><i>n</i></sup><i>x</i><sub><i>i</i></sub>", "∑ᵢ₌₁ⁿxᵢ"),
        (r"$n\log_2 n$", f"<i>n</i>{S}log<sub>2</sub>{S}<i>n</i>", f"n{S}log₂{S}n"),
        (r"$O(n^{\log n})$", f"<i>O</i>(<i>n</i><sup>log{S}<i>n</i></sup>)", f"O(n^(log{S}n))"),
        (r"$\log(n)$", "log(<i>n</i>)", "log(n)"),
        (r"$\operatorname*{argmax}_x f$", f"argmax<sub><i>x</i></sub>{S}<i>f</i>", f"argmaxₓ{S}f"),
        (r"$\text{if } x \ne y$", f"if <i>x</i>{S}≠{S}<i>y</i>", f"if x{S}≠{S}y"),
        (r"$\left. \{a\} \right)$", "{<i>a</i>})", "{a})"),
        (r"$a \not= b, c$", f"<i>a</i>{S}≠{S}<i>b</i>,{S}<i>c</i>", f"a{S}≠{S}b,{S}c"),
        (r"\(x^2\) and \[y'\] and $$z$$",
         "<i>x</i><sup>2</sup> and <i>y</i>′ and <i>z</i>", "x² and y′ and z"),
    ],
)  # fmt: skip
def test_formulas(source: str, html: str, text: str) -> None:
    converted = tex_to_html(source)

    assert converted.unknown == ()
    assert (converted.html, tex_to_text(source)) == (html, text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"1.5\% of \$5 \& \#1 a\_b", "1.5% of $5 & #1 a_b"),
        ("Grok~4.20 and ~5% more", f"Grok{S}4.20 and ~5% more"),
        ("a -- b, 1--2, yes---no, --flag, co-op", "a – b, 1–2, yes—no, --flag, co-op"),
        ("`one' and ``two''", "‘one’ and “two”"),
        (r"\'etale \"{o} \c{c} \v{s} na\"\i ve", "étale ö ç š naï ve"),
        (r"\alpha and \LaTeX", "α and LaTeX"),
        ("see https://a.example/~me/a--b_c", "see https://a.example/~me/a--b_c"),
        (r"\href and \url{https://a.example}", r"\href and https://a.example"),
    ],
)
def test_prose_around_formulas(source: str, text: str) -> None:
    assert tex_to_text(source) == text


def test_emphasis() -> None:
    source = r"*k* \emph{a \textbf{b}} 2*3*4 **m**"

    assert tex_to_html(source).html == "<i>k</i> <i>a </i><b>b</b> 2*3*4 <b>m</b>"


@pytest.mark.parametrize(
    "prices",
    [
        "$100 billion and $150 million",
        "from $5 to $10",
        "$5-$10, US$5/US$6",
        "($5) and ($6)",
        "costs $5, or 6$ more",
        r"pays $5 and $6 at 3\% of $7".replace("\\", ""),
        "only $5",
        "R$ 5 vs. R$ 6",
    ],
)
def test_prices_never_become_math(prices: str) -> None:
    assert tex_to_html(prices).html == prices
    assert tex_to_text(prices) == prices


def test_a_price_beside_a_formula_stays_a_price() -> None:
    source = r"At $5 a run, $\alpha$ beats $6 and $x \in A$."

    assert tex_to_text(source) == f"At $5 a run, α beats $6 and x{S}∈{S}A."


@pytest.mark.parametrize(
    ("source", "html", "unknown"),
    [
        (r"\b{eta}2 is", r"<code>\b{eta}</code>2 is", r"\b{eta}"),
        (r"$\foo{x} < 1$ y", r"<code>\foo{x} &lt; 1</code> y", r"\foo{x} < 1"),
        (r"$\begin{matrix}a&b\end{matrix}$",
         r"<code>\begin{matrix}a&amp;b\end{matrix}</code>", r"\begin{matrix}a&b\end{matrix}"),
        (r"$\frac{1}$", r"<code>\frac{1}</code>", r"\frac{1}"),
        (r"$x^{2$", "<code>x^{2</code>", "x^{2"),
        (r"$\text{\foo{x}}$", r"<code>\text{\foo{x}}</code>", r"\text{\foo{x}}"),
    ],
)  # fmt: skip
def test_what_is_not_known_shows_as_its_source_and_is_reported(
    source: str, html: str, unknown: str
) -> None:
    converted = tex_to_html(source)

    assert (converted.html, converted.unknown) == (html, (unknown,))


def test_the_rest_is_escaped() -> None:
    assert tex_to_html('<b>&"').html == "&lt;b&gt;&amp;&quot;"


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from(
                ["$", "$$", "\\", "{", "}", "^", "_", r"\frac", r"\sqrt", "[", "]", r"\text{", r"\hat",
                 r"\mathbb", r"\emph{", r"\left", r"\(", r"\)", "x", "12", " ", "word", "<", "&", "~",
                 "*", "`", "'", "--", r"\'", r"\not", r"\log", r"\operatorname", "β", ","]
            ),
            max_size=80,
        ).map("".join),
    )
)  # fmt: skip
def test_whatever_comes_ends_in_balanced_and_bounded_html(source: str) -> None:
    html = tex_to_html(source).html

    assert len(html) <= 40 * len(source) + 40
    assert len(tex_to_text(source)) <= 10 * len(source) + 10
    open_tags: list[str] = []
    for closing, name in re.findall(r"<(/?)([^>]*)>", html):
        assert name in {"i", "b", "sub", "sup", "code"}
        if closing:
            assert open_tags.pop() == name
        else:
            open_tags.append(name)
    assert not open_tags


@pytest.mark.parametrize(
    "bomb",
    [
        "$" + "{" * 900 + "}" * 900 + "$",
        "$" + "x^{" * 500 + "}" * 500 + "$",
        "$" + r"\hat{" * 300 + "x" + "}" * 300 + "$",
        r"\emph{" * 8000,
        r"\(" * 20_000,
        "$x" * 20_000,
        "`" * 40_000,
        "$" + r"\text{" * 300 + "}" * 300 + "$",
        "a" * (MAX_TEXT + 10) + "$x$",
    ],
)
def test_a_bomb_fizzles_out(bomb: str) -> None:
    began = time.process_time()

    html = tex_to_html(bomb).html

    assert time.process_time() - began < 8  # the worst takes 1.5 s
    assert len(html) < 8 * len(bomb)
