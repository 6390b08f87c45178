"""Misbehaviour on order: the next requests are answered as a test wants it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

KINDS = ("status", "hang", "cut")


@dataclass(slots=True)
class Fault:
    """`times` requests fail: with a `status`, by silence for `seconds`, or by a cut connection.

    `taken` says that the messages are accepted all the same and only the answer goes wrong: the
    case that no sender can tell from the other.
    """

    kind: Literal["status", "hang", "cut"]
    times: int = 1
    status: int = 500
    seconds: float = 60.0
    taken: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(KINDS)}")


class Faults:
    """The faults that are still due, first ordered first met; and a delay for every request."""

    def __init__(self) -> None:
        self._due: list[Fault] = []
        self.delay = 0.0
        self.held = 0
        """Requests that are just being answered wrongly, or not at all."""

    def order(self, values: dict[str, Any]) -> None:
        """Raises TypeError or ValueError for what is no fault."""
        self._due.append(Fault(**values))

    def clear(self) -> None:
        self._due.clear()
        self.delay = 0.0

    @contextmanager
    def holding(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def take(self) -> Fault | None:
        """The fault that this request meets, if one is due."""
        while self._due:
            fault = self._due[0]
            if fault.times > 0:
                fault.times -= 1
                return fault
            self._due.pop(0)
        return None
