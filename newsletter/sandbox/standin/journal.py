"""What the stand-in has taken: one JSON line a message, on disk before the sender hears of it.

It outlives whoever is killed, sender or stand-in: "nobody missing, nobody twice" is counted here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Self

import orjson


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted message. `at` is in UTC seconds since 1970."""

    email: str
    delivery: str
    edition: str
    batch: str
    message_id: str
    at: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What a journal says about an edition: messages, readers, and what went wrong."""

    received: int
    unique: int
    missing: int
    twice: int


class Journal:
    """Appends entries. What `add` has written survives the end of this process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("ab")
        self._seen: Counter[tuple[str, str]] = Counter(
            (entry.edition, entry.delivery) for entry in read_journal(path)
        )
        self.received = self._seen.total()

    def add(self, entries: Iterable[Entry]) -> None:
        lines = []
        for entry in entries:
            lines.append(orjson.dumps(asdict(entry), option=orjson.OPT_APPEND_NEWLINE))
            self._seen[entry.edition, entry.delivery] += 1
        self._file.write(b"".join(lines))
        self._file.flush()
        self.received += len(lines)

    @property
    def unique(self) -> int:
        return len(self._seen)

    @property
    def twice(self) -> int:
        """Messages beyond the first of their delivery."""
        return self.received - self.unique

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_journal(path: Path) -> Iterator[Entry]:
    """Every whole line of a journal; the last one may have been cut by a kill."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield Entry(**orjson.loads(line))


def tally(path: Path, *, edition: str, expected: Iterable[str]) -> Tally:
    """Count an edition's messages against the addresses that should have got it."""
    counts = Counter(
        entry.email.lower() for entry in read_journal(path) if entry.edition == edition
    )
    missing = {address.lower() for address in expected} - counts.keys()
    received = counts.total()
    return Tally(
        received=received,
        unique=len(counts),
        missing=len(missing),
        twice=received - len(counts),
    )
