"""The numbers of an issue's links, and the addresses that readers follow."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from emails.addresses import NUMBER
from emails.composition import TrackedLink
from emails.errors import CompositionError

Href = Callable[[str], str]


class LinkBook:
    """Numbers links in the order in which they are first asked for, from 1.

    With `numbers` (URL -> number, of an edition that has been composed before) those are used.
    `click` is the address of a tracked link with "{number}" in it, or None for plain links.
    `tag` makes of a URL the one that is led to (UTM parameters). Only web links are numbered; a
    `mailto:` stays as it is.
    """

    def __init__(
        self,
        click: str | None,
        numbers: Mapping[str, int] | None = None,
        tag: Callable[[str], str] = str,
    ) -> None:
        self._click = click
        self._tag = tag
        self._given = numbers
        self._links: dict[str, TrackedLink] = {}

    @property
    def links(self) -> tuple[TrackedLink, ...]:
        return tuple(self._links.values())

    def href(self, url: str, label: str = "") -> str:
        """What stands in the mail for `url`. CompositionError when it has no number given to it."""
        if not is_web(url):
            return url
        link = self._enter(self._tag(url), label)
        return self._click.replace(NUMBER, str(link.number)) if self._click else link.url

    def number(self, url: str) -> int | None:
        """The number under which the text part lists `url`; None for one that is no web link."""
        return self._enter(self._tag(url), "").number if is_web(url) else None

    def _enter(self, url: str, label: str) -> TrackedLink:
        link = self._links.get(url)
        if link is None or (label and not link.label):
            number = self._number_of(url) if link is None else link.number
            link = self._links[url] = TrackedLink(number, url, label)
        return link

    def _number_of(self, url: str) -> int:
        if self._given is None:
            return len(self._links) + 1
        if url not in self._given:
            raise CompositionError(
                f"{url} has no number among the edition's links: the issue has changed since they "
                "were numbered, so number them anew"
            )
        return self._given[url]


def is_web(url: str) -> bool:
    """Whether `url` can be counted by a redirect: http and https, but no mailto or #anchor."""
    return urlsplit(url).scheme in {"http", "https"}
