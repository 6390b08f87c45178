from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Markdown


class Callout(Section):
    """Something set apart in a box; its heading stands within."""

    kind: Literal["callout"] = "callout"
    body: Markdown = ""

    def is_empty(self) -> bool:
        return not self.body
