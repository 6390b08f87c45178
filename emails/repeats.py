"""What readers would see twice: within an issue, and since the last ones."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from emails.composition import Finding
from emails.issue import Issue, Link, Paper
from emails.wording import long_date

_TRACKING = re.compile(r"(?:^|&)utm_[a-z]+=[^&]*")


@dataclass(frozen=True, slots=True)
class Story:
    """A headline with its address; `field` is where it stands in the issue."""

    field: str
    title: str
    url: str | None


def stories(issue: Issue) -> Iterator[Story]:
    """The issue's linked headlines and papers, in order."""
    for at, section in enumerate(issue.sections):
        for number, item in enumerate(getattr(section, "items", ())):
            if isinstance(item, Link | Paper):
                yield Story(f"sections[{at}].items[{number}]", item.title, item.url)


def repeated_within(issue: Issue) -> Iterator[Finding]:
    """Two headlines that say the same, or lead to the same story."""
    titles: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for story in stories(issue):
        known = titles.setdefault(_wording(story.title), story.field)
        if known != story.field:
            message = f"{story.title!r} stands in {known} already: take one of them out"
            yield Finding("duplicate-headline", "warning", f"{story.field}.title", message)
        if story.url is None:
            continue
        known = addresses.setdefault(story_address(story.url), story.field)
        if known != story.field:
            message = f"{story.url} seems to be the story of {known}: take one of them out"
            yield Finding("duplicate-link", "warning", f"{story.field}.url", message)


def repeated_since(issue: Issue, earlier: Iterable[Issue]) -> Iterator[Finding]:
    """Headlines and links that one of the `earlier` issues, newest first, had already."""
    seen = _seen(earlier)
    if issue.title and (past := seen.get(_wording(issue.title))):
        yield _known_from("repeated-headline", "title", issue.title, past)
    for story in stories(issue):
        if story.url and (past := seen.get(story_address(story.url))):
            yield _known_from("repeated-link", f"{story.field}.url", story.url, past)
        elif past := seen.get(_wording(story.title)):
            yield _known_from("repeated-headline", f"{story.field}.title", story.title, past)


def _seen(earlier: Iterable[Issue]) -> dict[str, Issue]:
    """The latest issue that had each headline (its wording) and each story (its address)."""
    seen: dict[str, Issue] = {}
    for past in earlier:
        seen.setdefault(_wording(past.title or ""), past)
        for story in stories(past):
            seen.setdefault(_wording(story.title), past)
            seen.setdefault(story_address(story.url or ""), past)
    return seen


def _known_from(code: str, field: str, what: str, past: Issue) -> Finding:
    message = f"{what!r} was in the edition of {long_date(past.date)} already: say what is new, or take it out"
    return Finding(code, "warning", field, message)


def story_address(url: str) -> str:
    """What is left of a URL that tells one story from another.

    Neither http or https, `www.`, a trailing slash, a fragment nor UTM parameters do.
    """
    parts = urlsplit(url)
    query = _TRACKING.sub("", parts.query).lstrip("&")
    host = parts.netloc.lower().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}{'?' if query else ''}{query}"


def _wording(title: str) -> str:
    """A headline without what two feeds write differently: case, quotes, spaces."""
    return " " + " ".join(re.findall(r"\w+", title.casefold()))
