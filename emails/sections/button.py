from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Headline, Url


class Button(Section):
    """One thing to do."""

    kind: Literal["button"] = "button"
    label: Headline
    url: Url
