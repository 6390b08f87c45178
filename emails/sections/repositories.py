from typing import Literal

from pydantic import NonNegativeInt

from emails.sections.base import Section
from emails.sections.parts import Headline, Line, Markdown, Part, Url


class Repository(Part):
    """A code repository; `stars_gained` within one `period`."""

    name: Headline
    url: Url
    description: Markdown | None = None
    language: Line | None = None
    stars: NonNegativeInt | None = None
    stars_gained: int | None = None
    period: Literal["day", "week", "month"] | None = None


class Repositories(Section):
    """Repositories that are trending."""

    kind: Literal["repositories"] = "repositories"
    items: tuple[Repository, ...] = ()

    def is_empty(self) -> bool:
        return not self.items
