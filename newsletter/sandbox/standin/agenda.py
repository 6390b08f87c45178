"""Things to do later, in the order of their times."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


class Agenda:
    """Calls functions when they are due. `run` it as a task; times are UTC seconds since 1970."""

    def __init__(self) -> None:
        self._items: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, due: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._items, (due, next(self._numbers), act))
        if self._items[0][0] >= due:
            self._changed.set()

    async def run(self) -> None:
        while True:
            self._changed.clear()
            now = time.time()
            while self._items and self._items[0][0] <= now:
                heapq.heappop(self._items)[2]()
            wait = max(self._items[0][0] - time.time(), 0.0) if self._items else None
            await self._until_changed(wait)

    async def _until_changed(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
