"""What LaTeX's commands stand for in Unicode: tables only (`emails.tex` reads them)."""

import unicodedata


def _table(pairs: str) -> dict[str, str]:
    words = pairs.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


LETTERS = _table(
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ "
    "iota ι kappa κ varkappa ϰ lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ "
    "sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω "
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω "
    "ell ℓ imath ı jmath ȷ hbar ℏ wp ℘ Re ℜ Im ℑ aleph ℵ beth ℶ"
)

RELATIONS = _table(
    "approx ≈ le ≤ leq ≤ leqslant ⩽ ge ≥ geq ≥ geqslant ⩾ ll ≪ gg ≫ ne ≠ neq ≠ equiv ≡ sim ∼ "
    "simeq ≃ cong ≅ propto ∝ asymp ≍ doteq ≐ triangleq ≜ coloneqq ≔ lesssim ≲ gtrsim ≳ lt < gt > "
    "prec ≺ succ ≻ preceq ⪯ succeq ⪰ in ∈ ni ∋ notin ∉ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ "
    "subsetneq ⊊ supsetneq ⊋ mid ∣ nmid ∤ parallel ∥ perp ⊥ vdash ⊢ models ⊨ to → gets ← "
    "rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ "
    "longrightarrow ⟶ longleftarrow ⟵ Longrightarrow ⟹ Longleftarrow ⟸ longleftrightarrow ⟷ "
    "mapsto ↦ longmapsto ⟼ implies ⟹ impliedby ⟸ iff ⟺ hookrightarrow ↪ hookleftarrow ↩ "
    "uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓ nearrow ↗ searrow ↘ swarrow ↙ "
    "nwarrow ↖ rightharpoonup ⇀ rightleftharpoons ⇌ rightsquigarrow ⇝ leadsto ⇝ bowtie ⋈ "
    "sqsubseteq ⊑ sqsupseteq ⊒ trianglelefteq ⊴"
)

OPERATORS = _table(
    "times × cdot · pm ± mp ∓ div ÷ ast ∗ star ⋆ circ ∘ bullet ∙ oplus ⊕ ominus ⊖ otimes ⊗ "
    "oslash ⊘ odot ⊙ cap ∩ cup ∪ uplus ⊎ sqcap ⊓ sqcup ⊔ vee ∨ lor ∨ wedge ∧ land ∧ setminus ∖ "
    "backslash ∖ wr ≀ amalg ⨿ ltimes ⋉ rtimes ⋊ dagger † ddagger ‡"
)

SIGNS = _table(
    "infty ∞ partial ∂ nabla ∇ forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅ neg ¬ lnot ¬ "
    "top ⊤ bot ⊥ angle ∠ triangle △ square □ Box □ blacksquare ■ diamond ⋄ Diamond ◇ prime ′ "
    "ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ dotsc … dotsb ⋯ sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ "
    "iiint ∭ oint ∮ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigvee ⋁ bigwedge ⋀ surd √ "
    "langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ lbrace { rbrace } lbrack [ rbrack ] "
    "vert | lvert | rvert | Vert ‖ lVert ‖ rVert ‖ colon : degree ° checkmark ✓ clubsuit ♣ "
    "diamondsuit ♢ heartsuit ♡ spadesuit ♠ flat ♭ natural ♮ sharp ♯ cents ¢ pounds £ euro € "
    "copyright © S § P ¶ textdegree ° textmu µ textbackslash \\ textasciitilde ~ textbar | "
    "textless < textgreater > textbullet • textendash – textemdash — textellipsis … "
    "textregistered ® texttrademark ™ textquoteright ’ textquoteleft ‘ textunderscore _ "
    "TeX TeX LaTeX LaTeX BibTeX BibTeX ss ß ae æ AE Æ oe œ OE Œ o ø O Ø aa å AA Å l ł L Ł i ı j ȷ"
)
"""Signs that stand by themselves, big operators, delimiters, and the letters of text."""

ESCAPED = {sign: sign for sign in "%$&#_{}"} | {
    "|": "‖", " ": " ", ",": "\u2009", ";": " ", ":": " ", ">": " ", "!": "", "/": "", "-": "",
    "\\": " ",
}  # fmt: skip
"""A backslash and one sign."""

SPACES = {
    "quad": "\u2003",
    "qquad": "\u2003\u2003",
    "space": " ",
    "enspace": " ",
    "thinspace": "\u2009",
}

FUNCTIONS = _names(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup inf "
    "lim liminf limsup arg argmax argmin det dim ker deg gcd hom Pr mod bmod Tr tr rank sign sgn "
    "softmax poly polylog KL diag Var Cov"
)
"""Set upright, with a space before their argument."""

NEGLECTED = _names(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr limits nolimits "
    "displaystyle textstyle scriptstyle scriptscriptstyle nonumber notag protect relax "
    "rm it bf em sf tt sc cal normalfont centering noindent small footnotesize"
)
"""What only sets, without saying anything."""

CLOSING = _names(
    "right bigr Bigr biggr Biggr rangle rceil rfloor rbrace rbrack rvert rVert vert Vert "
    "ldots dots cdots dotsc dotsb"
)
"""What ends a factor, or stands for more of them."""

ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7", "check": "\u030c",
    "breve": "\u0306", "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a",
    "overline": "\u0305", "underline": "\u0332",
}  # fmt: skip
"""Combining marks that go on every letter."""

TEXT_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a", "d": "\u0323",
}  # fmt: skip
"""The accents of text: \\'e is é."""

UPRIGHT = _names("mathrm mathsf mathtt mathop mathbin mathrel mathord")
BOLD = _names("mathbf boldsymbol bm pmb")
TEXTUAL = {
    "text": "", "textrm": "", "mbox": "", "textnormal": "", "textsf": "", "textup": "",
    "textsc": "", "texttt": "", "url": "", "hbox": "",
    "emph": "i", "textit": "i", "textsl": "i", "textbf": "b",
}  # fmt: skip
"""Commands whose argument is prose, and its style."""


def _alphabet(name: str, letters: str) -> dict[str, str]:
    """A mathematical alphabet; Unicode keeps some of its letters elsewhere (ℝ, ℒ)."""
    found = {}
    for letter in letters:
        kind = "CAPITAL" if letter.isupper() else "DIGIT" if letter.isdigit() else "SMALL"
        word = unicodedata.name(letter).rsplit(" ", 1)[1]
        for full in (f"{name} {kind} {word}", f"MATHEMATICAL {name} {kind} {word}"):
            try:
                found[letter] = unicodedata.lookup(full)
                break
            except KeyError:
                continue
    return found


_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHABETS = {
    "mathbb": _alphabet("DOUBLE-STRUCK", _CAPITALS + "01"),
    "mathcal": _alphabet("SCRIPT", _CAPITALS),
    "mathscr": _alphabet("SCRIPT", _CAPITALS),
    "mathfrak": _alphabet("FRAKTUR", _CAPITALS) | _alphabet("BLACK-LETTER", "CHIRZ"),
}
"""Letters of a style of their own; a letter that has none stays as it is."""

SUPERSCRIPTS = str.maketrans(
    "0123456789+−-=()abcdefghijklmnoprstuvwxyzβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵝᵞᵟᶿᵠᵡ",
)
SUBSCRIPTS = str.maketrans(
    "0123456789+−-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"
)
