"""One formula: a recursive descent over its tokens that ends in nodes."""

import re
from collections.abc import Callable
from dataclasses import replace

from emails.tex import symbols
from emails.tex.nodes import MAX_DEPTH, NBSP, Node, composed, group_at, styled, to_text


class NotUnderstood(Exception):
    """The formula holds something that can't be shown."""


_TOKEN = re.compile(r"\\operatorname\*|\\[a-zA-Z]+|\\.|\d+(?:[.,]\d+)*|\s+|.", re.DOTALL)
_ROLES = (
    dict.fromkeys("=<>≤≥≈≠∈→∼≡∝≪≫⊂⊆", "relation")
    | dict.fromkeys("+×±·∩∪-*−", "operator")
    | dict.fromkeys(",;", "comma")
)
_MATH_SIGNS = {"-": "−", "*": "∗", "'": "′", "~": NBSP}


class Formula:
    """A formula's tokens and how far they have been read."""

    def __init__(self, source: str, read_prose: Callable[[str, int], list[Node]]) -> None:
        self.tokens: list[str] = _TOKEN.findall(source)
        self.at = 0
        self.read_prose = read_prose

    def nodes(self) -> list[Node]:
        """The whole formula. Raises NotUnderstood."""
        nodes = self.row(0, "")
        if self.at < len(self.tokens):
            raise NotUnderstood
        return _spaced(nodes)

    # --- Tokens

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        taken = self.peek()
        self.at += 1
        return taken

    def skip_space(self) -> None:
        while self.peek().isspace():
            self.at += 1

    # --- Structure

    def row(self, depth: int, closing: str) -> list[Node]:
        """Atoms up to `closing` (left standing) or to a brace that nothing opened."""
        nodes: list[Node] = []
        while (ahead := self.peek()) and ahead not in ("}", closing):
            if ahead.isspace():
                self.take()
            elif ahead in ("^", "_"):
                nodes.append(self.script(depth))
            else:
                nodes.extend(self.atom(depth))
        return nodes

    def script(self, depth: int) -> Node:
        """A script is set tight: only functions keep their space."""
        kind = "sup" if self.take() == "^" else "sub"
        nodes = self.argument(depth)
        tight = [node if node.role == "function" else replace(node, role="") for node in nodes]
        return Node(kind, body=tuple(_spaced(tight)))

    def argument(self, depth: int) -> list[Node]:
        """A group, or the one atom that follows; of a number, its first digit."""
        self.skip_space()
        ahead = self.peek()
        if ahead in ("", "}", "^", "_"):
            raise NotUnderstood
        if len(ahead) > 1 and ahead[0].isdigit():
            self.tokens[self.at] = ahead[1:]
            return [Node("", ahead[0])]
        return self.atom(depth)

    def atom(self, depth: int) -> list[Node]:
        if depth >= MAX_DEPTH:
            raise NotUnderstood
        sign = self.take()
        if sign in ("&", "$"):
            raise NotUnderstood
        if sign == "{":
            return self.rest_of_group(depth)
        if len(sign) > 1 and sign[0] == "\\":
            return self.command(sign[1:].rstrip("*"), depth)
        shown = _MATH_SIGNS.get(sign, sign)
        return [Node("i" if shown.isalpha() else "", shown, role=_ROLES.get(sign, ""))]

    def rest_of_group(self, depth: int) -> list[Node]:
        nodes = self.row(depth + 1, "}")
        if self.take() != "}":
            raise NotUnderstood
        return nodes

    # --- Commands

    def command(self, name: str, depth: int) -> list[Node]:
        for table, role, style in _SIGN_TABLES:
            if name in table:
                return [Node(style, table[name], role=role)]
        if name in symbols.FUNCTIONS:
            return [Node("", name, role="function")]
        if name in symbols.NEGLECTED:
            return self.neglected()
        if name in symbols.TEXTUAL:
            return self.prose(symbols.TEXTUAL[name], depth)
        if shape := _SHAPES.get(name):
            return shape(self, depth + 1)
        dress = _dress(name)
        return [_redressed(node, dress) for node in self.argument(depth + 1)]

    def neglected(self) -> list[Node]:
        r"""Nothing; the dot of `\left.` stands for no delimiter."""
        if self.peek() == ".":
            self.take()
        return []

    def prose(self, style: str, depth: int) -> list[Node]:
        """The argument of a text command, read as text is: its spaces count."""
        self.skip_space()
        group, length = group_at("".join(self.tokens[self.at :]), 0)
        while length > 0:
            length -= len(self.take())
        nodes = [styled(node, style) for node in self.read_prose(group or "", depth + 1)]
        if group is None or any(node.style == "code" for node in nodes):
            raise NotUnderstood
        return nodes

    def function(self, depth: int) -> list[Node]:
        """A function of the author's own."""
        return [Node("", to_text(self.argument(depth)), role="function")]

    def fraction(self, depth: int) -> list[Node]:
        """On one line, and in parentheses where its neighbours would be read as part of it."""
        after_digit = self.tokens[self.at - 2][-1:].isdigit() if self.at > 1 else False
        above, below = self.argument(depth), self.argument(depth)
        nodes = [*_grouped(above), Node("", "/"), *_grouped(below)]
        if after_digit or self.is_factor_ahead():
            return [Node("", "("), *nodes, Node("", ")")]
        return nodes

    def binomial(self, depth: int) -> list[Node]:
        chosen_from, chosen = self.argument(depth), self.argument(depth)
        return [
            Node("", "("),
            *chosen_from,
            Node("", f"{NBSP}choose{NBSP}"),
            *chosen,
            Node("", ")"),
        ]

    def underset(self, depth: int) -> list[Node]:
        """What stands under something is its subscript."""
        under, base = self.argument(depth), self.argument(depth)
        return [*base, Node("sub", body=tuple(under))]

    def is_factor_ahead(self) -> bool:
        """Whether what comes next multiplies what was read, or is a script of it."""
        self.skip_space()
        ahead = self.peek()
        if len(ahead) > 1 and ahead[0] == "\\":
            return not any(ahead[1:] in names for names in _NO_FACTORS)
        return ahead.isalnum() or ahead in {*"^_({["}

    def root(self, depth: int) -> list[Node]:
        index: list[Node] = []
        self.skip_space()
        if self.peek() == "[":
            self.take()
            index = [Node("sup", body=tuple(self.row(depth, "]")))]
            if self.take() != "]":
                raise NotUnderstood
        return [*index, Node("", "√"), *_grouped(self.argument(depth))]

    def negation(self, depth: int) -> list[Node]:
        first, *rest = self.argument(depth) or [Node("")]
        return [replace(first, text=composed(first.text, "\u0338")), *rest]


_SIGN_TABLES = (
    (symbols.LETTERS, "", "i"),
    (symbols.RELATIONS, "relation", ""),
    (symbols.OPERATORS, "operator", ""),
    (symbols.SIGNS, "", ""),
    (symbols.SPACES, "", ""),
    (symbols.ESCAPED, "", ""),
)
_NO_FACTORS = (
    *(symbols.RELATIONS, symbols.OPERATORS, symbols.SPACES, symbols.ESCAPED),
    symbols.CLOSING,
)
_SHAPES: dict[str, Callable[[Formula, int], list[Node]]] = {
    "frac": Formula.fraction,
    "dfrac": Formula.fraction,
    "tfrac": Formula.fraction,
    "nicefrac": Formula.fraction,
    "binom": Formula.binomial,
    "underset": Formula.underset,
    "sqrt": Formula.root,
    "not": Formula.negation,
    "operatorname": Formula.function,
}


# --- Styles and marks

_Dress = Callable[[Node], Node]


def _dress(name: str) -> _Dress:
    """What a command does to each run of its argument. Raises NotUnderstood."""
    if name in symbols.UPRIGHT:
        return lambda run: replace(run, style="", role="")
    if name in symbols.BOLD:
        return lambda run: replace(run, style="b")
    if name == "mathit":
        return lambda run: replace(run, style="i")
    if letters := symbols.ALPHABETS.get(name):
        return lambda run: replace(run, style="", text="".join(letters.get(c, c) for c in run.text))
    if mark := symbols.ACCENTS.get(name):
        return lambda run: replace(run, text="".join(composed(c, mark) for c in run.text))
    raise NotUnderstood


def _redressed(node: Node, dress: _Dress) -> Node:
    if node.style in {"sub", "sup"}:
        return replace(node, body=tuple(_redressed(inner, dress) for inner in node.body))
    return dress(node)


# --- Space

_OPERAND_END = re.compile(r"[\w)\]}|′!⟩⌉⌋∞…%]$")


def _grouped(nodes: list[Node]) -> list[Node]:
    """In parentheses, unless it is one run with its scripts."""
    runs = [node for node in nodes if node.style not in {"sub", "sup"}]
    if len(runs) <= 1:
        return nodes
    return [Node("", "("), *nodes, Node("", ")")]


def _spaced(nodes: list[Node]) -> list[Node]:
    """Unbreakable spaces around relations and operators, after commas and functions.

    Only between two things: a sign (−1) and an end (1.58×) get none.
    """
    spaced: list[Node] = []
    function_open = False
    for place, node in enumerate(nodes):
        left = to_text(spaced[-1:])
        if function_open and node.style not in {"sub", "sup"}:
            function_open = False
            spaced.append(Node("", "" if node.role or node.text[:1] in {*"([{|"} else NBSP))
        if node.role == "function":
            function_open = True
            spaced.append(Node("", NBSP if left[-1:].isalnum() else ""))
        is_last = place + 1 == len(nodes)
        spaced.append(node if is_last else replace(node, text=_apart(node, left)))
    return spaced


def _apart(node: Node, left: str) -> str:
    """The node's text with its space, `left` being what stands before it."""
    match node.role:
        case "comma":
            return node.text + NBSP
        case "relation" if left:
            return f"{NBSP}{node.text}{NBSP}"
        case "operator" if _OPERAND_END.search(left):
            return f"{NBSP}{node.text}{NBSP}"
        case _:
            return node.text
