"""The recorder: the web process notes pixels and links here, and answers without waiting.

Hits are written together, each half second or at a thousand. While the database is away they
wait in memory, up to a bound; an open or a click that is lost is a pity, a slow redirect a fault.
"""

import logging
import threading
from collections import deque
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from newsletter.database import Database
from newsletter.errors import DatabaseError
from newsletter.feedback.models import HIT
from newsletter.feedback.verdict import HitKind

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.5
FLUSH_AT = 1_000
MOST_WAITING = 100_000
"""About 50 MB at the very most; after that new hits are dropped, and counted in the log."""
MOST_AGENT = 400
"""Characters of a user agent that are kept until the hit is judged."""
AWAY = (OperationalError, InterfaceError, DatabaseError)


class Recorder:
    """Buffers hits and writes them from a thread of its own. Thread-safe. Close it at the end."""

    def __init__(self, database: Database, *, most_waiting: int = MOST_WAITING) -> None:
        self._database = database
        self._most_waiting = most_waiting
        self._waiting: deque[dict[str, Any]] = deque()
        self._dropped = 0
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def hit(
        self,
        kind: HitKind,
        edition_id: int,
        subscriber_id: int | None,
        link: int | None,
        *,
        at: float,
        method: str,
        user_agent: str,
    ) -> None:
        """Note one request; `subscriber_id` None where readers are only counted. Never waits."""
        if len(self._waiting) >= self._most_waiting:
            self._dropped += 1
            return
        self._waiting.append(
            {
                "kind": kind,
                "edition_id": edition_id,
                "subscriber_id": subscriber_id,
                "link": link,
                "at": at,
                "method": method,
                "user_agent": user_agent[:MOST_AGENT].replace("\0", ""),
            }
        )
        if len(self._waiting) >= FLUSH_AT:
            self._wake.set()

    def flush(self) -> int:
        """Write what waits; return how many hits were written, 0 while the database is away."""
        with self._flushing:
            rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not rows:
                return 0
            try:
                self._write(rows)
            except AWAY as error:
                self._waiting.extendleft(reversed(rows))
                log.warning("%d opens and clicks wait for the database: %s", len(rows), error)
                return 0
            except SQLAlchemyError:
                log.exception("%d opens and clicks can't be stored and are lost", len(rows))
                return 0
            return len(rows)

    def close(self) -> None:
        """Write what waits and stop the thread; can be repeated."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self.flush()
        if self._waiting:
            log.error("%d opens and clicks are lost: no database", len(self._waiting))
            self._waiting.clear()

    def _write(self, rows: list[dict[str, Any]]) -> None:
        with self._database.writing() as session:
            session.execute(insert(HIT), rows)
        if self._dropped:
            log.error("%d opens and clicks were dropped while the database was away", self._dropped)
            self._dropped = 0

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            if not self.flush() and self._waiting:
                self._closing.wait(FLUSH_SECONDS)
