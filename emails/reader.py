"""A reader's own values, as a mail may show them.

Whoever signed up typed them, or a file brought them: they become text on one line, of bounded
length, and nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emails.slots import SLOT_WORD
from emails.top_level_domains import is_top_level

MOST_CHARACTERS = 100
"""Of one value; what is longer is cut."""

# Controls and line breaks, signs that turn the direction of what follows, halves of surrogate pairs.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)
# Mail programs make links of these. A name that leads somewhere is no name: somebody else typed it
# into the form.
# `St.John` and `J.De Vries` lead nowhere; under a common top-level domain a name does, in any case.
_LEADS_SOMEWHERE = re.compile(
    r"@|://|(?i:www\.)"
    r"|\w\.(?i:com|net|org|info|biz|app|club|dev|icu|link|live|online|shop|site|top|vip|xyz|co|io|me)\b"
    r"|\w\w\.(?i:at|au|be|br|ch|cn|de|es|eu|fr|in|it|jp|nl|pl|ru|uk|us)\b"
)
# In letters of one case: the last label of what has dots, which may be any top-level domain.
_LAST_LABEL = re.compile(r"\w\.([a-z]{2,}|[A-Z]{2,})\b(?!\.\w)")


@dataclass(frozen=True, slots=True)
class Reader:
    """What is kept of a reader that a mail may speak of. `attributes` are JSON."""

    name: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def value(self, asked: str) -> str:
        """What a placeholder gets: of `name`, `first_name`, `tags` or `attributes.KEY`.

        At most MOST_CHARACTERS on one line; "" where the reader has none.
        """
        field_name, _, key = asked.partition(".")
        match field_name:
            case "attributes":
                return _shown(_look_up(self.attributes, key))
            case "tags":
                return _shown(self.tags)
            case _:
                name = "" if _leads_somewhere(self.name) else _shown(self.name)
                return name.partition(" ")[0] if field_name == "first_name" else name


NOBODY = Reader()
"""Who gets the fallbacks: the archive, a preview, a test mail."""


def _leads_somewhere(name: str) -> bool:
    return bool(_LEADS_SOMEWHERE.search(name)) or any(map(is_top_level, _LAST_LABEL.findall(name)))


def _look_up(attributes: Mapping[str, Any], key: str) -> Any:
    """The attribute of that name, else what the steps `city.name` lead to."""
    if key in attributes:
        return attributes[key]
    first, _, rest = key.partition(".")
    inner = attributes.get(first)
    return _look_up(inner, rest) if rest and isinstance(inner, Mapping) else None


def _shown(value: Any) -> str:
    """Text and numbers as they are, lists joined; nothing for what has no words (null, true, …)."""
    if isinstance(value, list | tuple):
        value = ", ".join(filter(None, map(_shown, value)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    # Ten times as much as is shown, since blanks go; an attribute may hold megabytes.
    text = " ".join(_UNFIT.sub(" ", str(value)[: 10 * MOST_CHARACTERS]).split())
    if SLOT_WORD.search(text):  # SendGrid fills one slot after the other, and would fill this too
        return ""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1].rstrip()}…"
