"""How far an import has come, and the hands that carry it on.

A hand is a session that merges one chunk after the other, a transaction each. On PostgreSQL
several work side by side, on chunks that share no address; each takes every so manieth chunk and
notes how far it has come in the transaction that stores it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from subscribers.merge import Terms, merge
from subscribers.models import ImportRun
from subscribers.sorting import Row
from subscribers.staging import Fill, Staging

TRIES = 5
DEADLOCK = "40P01"
"""PostgreSQL's word for it (its manual, appendix A)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows to merge at once."""

    number: int
    end: int
    """Rows of the file that come to here, in the order of their keys."""
    rows: list[Row]
    counts: Mapping[str, int]
    """Of the rows that are not to be merged."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run as we take it up: plain values, since several threads look at it."""

    run_id: int
    done: tuple[int, ...]
    """How far each of its parts had come. They take turns at the chunks, however many hands there
    are now."""

    def part_of(self, number: int) -> int:
        return number % len(self.done)

    def has(self, number: int, end: int) -> bool:
        """Whether a chunk was stored before the import was cut off."""
        return end <= self.done[self.part_of(number)]


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A session with its staging; `checkpoint` commits it."""

    session: Session
    staging: Staging
    checkpoint: Callable[[], None]

    def merge(self, begun: Begun, terms: Terms, chunk: Chunk, fill: Fill) -> None:
        """Merge a chunk that `fill` stages and note it in the run, in one transaction.

        It is tried again where it lost a deadlock: people who sign up together lock the same
        readers in the order of their addresses, and we in that of their ids.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                self._merge(begun, terms, chunk, fill)
            except OperationalError as error:
                if not (tries_left and _is_deadlock(error)):
                    raise
                self.session.rollback()
            else:
                return

    def _merge(self, begun: Begun, terms: Terms, chunk: Chunk, fill: Fill) -> None:
        """The run is locked last: who waits for it holds nobody up who holds it."""
        fill()
        merged = merge(self.session, terms, len(chunk.rows))
        run = self.session.get_one(
            ImportRun, begun.run_id, with_for_update=True, populate_existing=True
        )
        run.counts = add_up(run.counts, chunk.counts, merged)
        part = begun.part_of(chunk.number)
        run.done = [*run.done[:part], chunk.end, *run.done[part + 1 :]]
        self.checkpoint()


def _is_deadlock(error: OperationalError) -> bool:
    return getattr(error.orig, "sqlstate", None) == DEADLOCK


def merge_all(
    hands: Sequence[Hand], begun: Begun, terms: Terms, chunks: Iterable[Chunk]
) -> Iterator[Chunk]:
    """Merge chunks, and yield each that is stored.

    Each hand has a thread of its own, and waits for the database there without the interpreter's
    lock: the next chunk is made ready meanwhile.
    """
    under_way: dict[Hand, tuple[Chunk, Future[None]]] = {}
    with ThreadPoolExecutor(len(hands)) as threads:
        for chunk in chunks:
            hand = hands[begun.part_of(chunk.number) % len(hands)]
            fill = hand.staging.make_ready(chunk.rows)
            if hand in under_way:
                yield _finished(*under_way.pop(hand))
            under_way[hand] = chunk, threads.submit(hand.merge, begun, terms, chunk, fill)
        for one in under_way.values():
            yield _finished(*one)


def _finished(chunk: Chunk, merging: Future[None]) -> Chunk:
    merging.result()
    return chunk


def add_up(*counts: Mapping[str, int]) -> dict[str, int]:
    """Add counts by what they count."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)
