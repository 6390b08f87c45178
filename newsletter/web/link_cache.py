"""The links of the editions that are being read, in memory: number -> URL."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from newsletter.database import Database
from newsletter.editions.links import known_numbers

EDITIONS_KEPT = 200
RELOAD_SECONDS = 5.0
"""How soon at most a number that we don't know makes us look again: corrections add links."""


@dataclass(frozen=True)
class _Links:
    urls: Mapping[int, str]
    loaded_at: float


class LinkCache:
    """Links of the editions asked for last. Used by one event loop."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._editions: OrderedDict[int, _Links] = OrderedDict()

    async def find(self, edition_id: int, number: int) -> str | None:
        """Where link `number` of an edition leads; None for a number that it does not have."""
        links = self._editions.get(edition_id)
        if links is None or (number not in links.urls and self._is_old(links)):
            links = await run_in_threadpool(self._load, edition_id)
            self._keep(edition_id, links)
        return links.urls.get(number)

    def _is_old(self, links: _Links) -> bool:
        return self._clock() - links.loaded_at >= RELOAD_SECONDS

    def _load(self, edition_id: int) -> _Links:
        with self._database.reading() as session:
            numbers = known_numbers(session, edition_id)
        return _Links({number: url for url, number in numbers.items()}, self._clock())

    def _keep(self, edition_id: int, links: _Links) -> None:
        self._editions[edition_id] = links
        self._editions.move_to_end(edition_id)
        if len(self._editions) > EDITIONS_KEPT:
            self._editions.popitem(last=False)
