from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Markdown


class Text(Section):
    """Some Markdown: a note, an answer, a short report."""

    kind: Literal["text"] = "text"
    body: Markdown = ""

    def is_empty(self) -> bool:
        return not self.body
