"""Text around formulas: where they begin, and LaTeX's ways with words."""

import re

from emails.tex import symbols
from emails.tex.formula import Formula, NotUnderstood
from emails.tex.nodes import MAX_DEPTH, MAX_FORMULA, NBSP, Node, composed, group_at, styled

_CHUNK = re.compile(
    r"(?=[\\h$~\-`*])"  # where one can begin: without it the search takes five times as long
    r"(?:(?P<escaped>\\[%$&#_{}\\, ])"
    r"|(?P<url>https?://[^\s{}$]+)"
    r"|(?P<open>\\[(\[])"
    r"|(?P<command>\\(?:[a-zA-Z]+|[^a-zA-Z\s]))"
    r"|(?P<dollar>\$\$?)"
    r"|(?P<tie>(?<=[^\s/~(])~(?=[^\s~]))"
    r"|(?P<dash>(?<!-)---?(?![-a-zA-Z])|(?<=[\w)])---?(?=\w))"
    r"|``(?P<quote>[^`']{1,300})''"
    r"|`(?P<single>[^`'\n]{1,200})'(?!\w)"
    r"|(?<![\w*])\*\*(?P<strong>[^\s*](?:[^*\n]{0,120}[^\s*])?)\*\*(?![\w*])"
    r"|(?<![\w*])\*(?P<emphasis>[^\s*](?:[^*\n]{0,120}[^\s*])?)\*(?![\w*]))",
    re.DOTALL,
)
_DASHES = {"--": "–", "---": "—"}


def read_prose(text: str, depth: int = 0) -> list[Node]:
    """Text with LaTeX in it as nodes; `depth` counts the commands around it."""
    nodes: list[Node] = []
    at = 0
    while found := _CHUNK.search(text, at):
        nodes.append(Node("", text[at : found.start()]))
        made, at = _chunk(text, found, depth)
        nodes.extend(made)
    nodes.append(Node("", text[at:]))
    return [node for node in nodes if node.text or node.body]


def _chunk(text: str, found: re.Match[str], depth: int) -> tuple[list[Node], int]:
    """The nodes for one chunk, and where to read on."""
    group, value = str(found.lastgroup), str(found[str(found.lastgroup)])
    end = found.end()
    match group:
        case "escaped":
            return [Node("", symbols.ESCAPED[value[1]])], end
        case "open":
            return _between_brackets(text, found)
        case "command":
            return _command_in_prose(text, found, depth)
        case "dollar":
            return _between_dollars(text, found)
        case "strong" | "emphasis":
            return [Node("b" if group == "strong" else "i", value)], end
        case _:
            return [Node("", _typography(group, value))], end


def _typography(group: str, value: str) -> str:
    match group:
        case "url":
            return re.sub(r"\\([%_#&~])", r"\1", value)
        case "tie":
            return NBSP
        case "dash":
            return _DASHES[value]
        case "quote":
            return f"“{value}”"
        case _:
            return f"‘{value}’"


def _between_dollars(text: str, found: re.Match[str]) -> tuple[list[Node], int]:
    """A formula, or the dollar sign of a price."""
    sign, start = found[0], found.end()
    end = _closing(text, sign, start)
    if end == -1 or not _is_math(text[start:end], text[end + len(sign) : end + len(sign) + 1]):
        return [Node("", sign)], start
    inner = text[start:end]
    return _formula(inner, inner), end + len(sign)


def _between_brackets(text: str, found: re.Match[str]) -> tuple[list[Node], int]:
    """A formula in round or square brackets with backslashes, or the bracket alone."""
    start, closing = found.end(), "\\)" if found[0] == "\\(" else "\\]"
    end = text.find(closing, start, start + MAX_FORMULA)
    if end == -1:
        return [Node("", found[0][1])], start
    return _formula(text[start:end], text[start:end]), end + 2


def _closing(text: str, sign: str, start: int) -> int:
    """Where the next `sign` stands that isn't escaped, -1 where none does soon enough."""
    end = text.find(sign, start, start + MAX_FORMULA)
    while end > 0 and text[end - 1] == "\\":
        end = text.find(sign, end + 1, start + MAX_FORMULA)
    return end


_COMMAND = re.compile(r"\\[a-zA-Z]")
_PROSE_WORD = re.compile(r"(?<=\s)[A-Za-z]{2,}(?![A-Za-z])|(?<![A-Za-z])[A-Za-z]{2,}(?=\s)")
_IN_GROUPS = re.compile(r"\\[a-zA-Z]+|\{[^{}]*\}")


def _is_math(inner: str, after: str) -> bool:
    r"""Whether what stands between two dollars is a formula: `$\approx$1K`, not `$5 and $6`.

    `after` is the character that follows: a digit makes the second dollar a price's.
    """
    if not inner.strip() or "\n\n" in inner:
        return False
    has_prose = bool(_PROSE_WORD.search(_IN_GROUPS.sub("", inner)))
    ends_apart = inner[-1].isspace()
    if _COMMAND.search(inner):
        return not (has_prose and ends_apart)
    return not (has_prose or ends_apart or after.isdigit())


def _formula(inner: str, source: str) -> list[Node]:
    try:
        return Formula(inner, read_prose).nodes()
    except NotUnderstood:
        return [Node("code", source.strip())]


def _command_in_prose(text: str, found: re.Match[str], depth: int) -> tuple[list[Node], int]:
    name = found["command"][1:]
    group, end = group_at(text, found.end())
    if group is not None and name in symbols.TEXTUAL and depth < MAX_DEPTH:
        style = symbols.TEXTUAL[name]
        return [styled(node, style) for node in read_prose(group, depth + 1)], end
    if name in symbols.TEXT_ACCENTS:
        return _accent_in_prose(text, found, name)
    if sign := _sign(name):
        return [Node("", sign)], found.end()
    if name in symbols.NEGLECTED:
        return [], found.end()
    return [Node("code", text[found.start() : end])], end


def _accent_in_prose(text: str, found: re.Match[str], name: str) -> tuple[list[Node], int]:
    r"""`\'e`, `\"{o}`, `\c{c}`; the accents named by a letter need braces."""
    braced = re.compile(r"\{(\\?[^\W\d_])\}").match(text, found.end())
    bare = None if name.isalpha() else re.compile(r"(\\?[^\W\d_])").match(text, found.end())
    letter = braced or bare
    if letter is None:
        return [Node("code", found[0])], found.end()
    base = {"\\i": "i", "\\j": "j"}.get(letter[1], letter[1])
    return [Node("", composed(base, symbols.TEXT_ACCENTS[name]))], letter.end()


def _sign(name: str) -> str:
    tables = (symbols.LETTERS, symbols.RELATIONS, symbols.OPERATORS, symbols.SIGNS, symbols.SPACES)
    return next((table[name] for table in tables if name in table), "")
