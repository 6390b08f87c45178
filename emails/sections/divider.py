from typing import Literal

from emails.sections.base import Section


class Divider(Section):
    """A rule between two parts."""

    kind: Literal["divider"] = "divider"
