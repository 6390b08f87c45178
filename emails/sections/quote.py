from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Line, Markdown, Url


class Quote(Section):
    """What somebody said. `by` is who, `source` where, `url` leads there."""

    kind: Literal["quote"] = "quote"
    text: Markdown = ""
    by: Line | None = None
    source: Line | None = None
    url: Url | None = None

    def is_empty(self) -> bool:
        return not self.text
