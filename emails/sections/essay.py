from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Line, Markdown


class Essay(Section):
    """The editor's piece; the signature stands after it."""

    kind: Literal["essay"] = "essay"
    body: Markdown = ""
    signature: Line | None = None

    def is_empty(self) -> bool:
        return not self.body
