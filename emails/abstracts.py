"""Abstracts shortened before they are converted, never inside a formula or a group."""

import re
from functools import lru_cache

MAX_FORMULA = 2000
"""Characters; a longer formula may be cut."""

# What may not be cut: a formula in dollars or \( \), and a command with its group.
_WHOLE = re.compile(r"\$\$.+?\$\$|\$[^$]+\$|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_BLANK_OR_BRACE = re.compile(r"[ {}]")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]?$")
_SENTENCE_SHARE = 0.6


@lru_cache(maxsize=512)
def shorten(text: str, length: int) -> tuple[str, bool]:
    """The beginning of `text`, at most `length` characters, and whether anything was cut off.

    It ends with a sentence where one ends in the last two fifths, else with a word; a formula
    (`$…$`) and a group (`{…}`) stay whole, so that the result converts as the original does. What
    begins with a formula that is longer is cut after it; what has no blank stays whole.
    """
    text = " ".join(text.split())
    if len(text) <= length:
        return text, False
    cuts = _cuts(text[: length + 2 * MAX_FORMULA])
    within = [cut for cut in cuts if cut <= length]
    if not cuts:
        return text, False
    cut = _best(text, within, length) if within else cuts[0]
    return text[:cut].rstrip(" ,;:.–-"), True


def _cuts(text: str) -> list[int]:
    """The places of the blanks where `text` can be cut."""
    masked = _WHOLE.sub(lambda match: "x" * len(match[0]), text)
    cuts, depth = [], 0
    for found in _BLANK_OR_BRACE.finditer(masked):
        if found[0] != " ":
            depth = depth + 1 if found[0] == "{" else max(0, depth - 1)
        elif depth == 0:
            cuts.append(found.start())
    return cuts


def _best(text: str, cuts: list[int], length: int) -> int:
    """The last cut after a sentence, else the last one."""
    late = (cut for cut in reversed(cuts) if cut >= length * _SENTENCE_SHARE)
    return next((cut for cut in late if _SENTENCE_END.search(text, cut - 2, cut)), cuts[-1])
