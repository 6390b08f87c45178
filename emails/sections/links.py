from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Headline, Line, Markdown, Part, PublishedDay, Url


class Link(Part):
    """A headline elsewhere. `via` is who pointed to it."""

    title: Headline
    url: Url
    source: Line | None = None
    source_url: Url | None = None
    summary: Markdown | None = None
    published: PublishedDay | None = None
    paywall: bool = False
    via: Line | None = None


class Links(Section):
    """A list of linked headlines with their sources."""

    kind: Literal["links"] = "links"
    items: tuple[Link, ...] = ()

    def is_empty(self) -> bool:
        return not self.items
