"""Invented readers: people who open and click, and the machines that look before them.

    a person     some seconds after delivery, with a browser: the images, then perhaps a link
    prefetch     Apple's proxy: the images at once; its user agent is exactly "Mozilla/5.0"
    scanner      every link within a moment of delivery

They find what they call in the very mail that was sent, and call nothing outside this machine.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from html.parser import HTMLParser
from urllib.parse import urlsplit

from newsletter.loopback import is_loopback_host
from newsletter.sandbox.standin.agenda import Agenda
from newsletter.sandbox.standin.loopback_http import call
from newsletter.sandbox.standin.mailroom import Mail
from newsletter.sandbox.standin.options import StandInOptions, fraction

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
)
APPLE_PROXY = "Mozilla/5.0"
SCANNER = "Mozilla/5.0 (compatible; MailScanner/5.4)"
VISITORS = 8
MOST_CLICKS = 3
CLICK_PAUSE = 1.5
SOONEST_PREFETCH, LATEST_PREFETCH = 0.3, 3.0
NOT_FOR_CLICKING = ("/unsubscribe", "/preferences")


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a mail's HTML calls: images and links on this machine, slot words in place."""

    images: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    url: str
    method: str
    user_agent: str


class Readers:
    """Plans the acts of a mail's reader and carries them out. `run` it as a task."""

    def __init__(self, options: StandInOptions, agenda: Agenda) -> None:
        self._options = options
        self._agenda = agenda
        self._visits: asyncio.Queue[Visit] = asyncio.Queue()
        self._under_way = 0
        self.visited = 0
        self.failed = 0

    @property
    def waiting(self) -> int:
        """Visits that are due or under way."""
        return self._visits.qsize() + self._under_way

    def received(self, mail: Mail, at: float) -> None:
        """Plan what happens to a mail that was delivered `at` that time."""
        addresses = addresses_in(mail.content.html)
        if self._is(mail, "prefetched", self._options.shares.prefetched):
            delay = self._between(mail, "prefetch", SOONEST_PREFETCH, LATEST_PREFETCH)
            self._plan(at + delay, mail, addresses.images, APPLE_PROXY)
        if self._is(mail, "scanned", self._options.shares.scanned):
            self._plan(at, mail, addresses.links, SCANNER, method="HEAD")
        if self._is(mail, "reads", self._options.shares.reads):
            self._read(mail, addresses, at)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(VISITORS):
                group.create_task(self._visit_all())

    def _read(self, mail: Mail, addresses: Addresses, at: float) -> None:
        options = self._options
        opened = at + self._between(
            mail, "reading", options.soonest_reading_seconds, options.reading_seconds
        )
        browser = BROWSERS[int(self._place(mail, "browser") * len(BROWSERS))]
        self._plan(opened, mail, addresses.images, browser)
        links = [link for link in addresses.links if _is_for_clicking(link)]
        if links and self._is(mail, "clicks", options.shares.clicks):
            for number in range(1 + int(self._place(mail, "how many") * MOST_CLICKS)):
                link = links[int(self._place(mail, f"link {number}") * len(links))]
                self._plan(opened + CLICK_PAUSE * (number + 1), mail, [link], browser)

    def _plan(
        self, at: float, mail: Mail, urls: Sequence[str], user_agent: str, *, method: str = "GET"
    ) -> None:
        for url in urls:
            visit = Visit(_filled(url, mail), method, user_agent)
            self._agenda.add(at, partial(self._visits.put_nowait, visit))

    async def _visit_all(self) -> None:
        while True:
            visit = await self._visits.get()
            self._under_way += 1
            try:
                await call(visit.url, method=visit.method, headers={"User-Agent": visit.user_agent})
            except (OSError, ValueError):
                self.failed += 1
            else:
                self.visited += 1
            finally:
                self._under_way -= 1

    def _is(self, mail: Mail, act: str, share: float) -> bool:
        return self._place(mail, act) < share

    def _between(self, mail: Mail, act: str, least: float, most: float) -> float:
        return least + self._place(mail, act) * (most - least)

    def _place(self, mail: Mail, act: str) -> float:
        return fraction(self._options.seed, act, mail.email)


def _filled(url: str, mail: Mail) -> str:
    for word, value in mail.substitutions.items():
        url = url.replace(word, value)
    return url


def _is_for_clicking(url: str) -> bool:
    return not urlsplit(url).path.startswith(NOT_FOR_CLICKING)


@lru_cache(maxsize=64)
def addresses_in(html: str) -> Addresses:
    """What a reader's program would call, each address once, in order."""
    finder = _Finder()
    finder.feed(html)
    finder.close()
    return Addresses(
        images=tuple(dict.fromkeys(finder.images)), links=tuple(dict.fromkeys(finder.links))
    )


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.links: list[str] = []
        self._found: dict[str, tuple[str, Callable[[str], None]]] = {
            "img": ("src", self.images.append),
            "a": ("href", self.links.append),
        }

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attribute, found = self._found.get(tag, ("", self.links.append))
        for name, value in attrs:
            if name == attribute and value and _is_ours(value):
                found(value)


def _is_ours(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback_host(parts.hostname)
