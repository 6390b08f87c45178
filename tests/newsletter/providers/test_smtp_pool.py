"""The pool's workers leave no window behind, whenever it is offered and whatever they meet."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from newsletter.providers.base import Mailing, Outcome, OutcomeKind, Recipient
from newsletter.providers.errors import ProviderUnreachable
from newsletter.providers.smtp_pipeline import Conversation
from newsletter.providers.smtp_pool import Pool
from newsletter.providers.smtp_queue import Acquaintance, JobQueue, Window

TAKEN = Outcome.accepted("250", "taken")
Answer = Sequence[Outcome] | BaseException


def in_hand(mailing: Mailing) -> Window:
    return Window(mailing, lambda _: b"", Acquaintance())


def deliver(
    connect: Callable[[], Awaitable[Any]],
    windows: Sequence[Window],
    *,
    offered: Callable[[Pool], None],
    limit: int = 1,
) -> list[Answer]:
    """What becomes of windows, of which `offered` offers the first."""

    async def answers() -> list[Answer]:
        pool = Pool(cast("Callable[[], Awaitable[Conversation]]", connect), limit=limit)
        offered(pool)
        waiting = (asyncio.wrap_future(window.future) for window in windows)
        try:
            async with asyncio.timeout(10):
                return await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            await pool.close()

    return asyncio.run(answers())


def kinds(answer: Answer) -> list[OutcomeKind]:
    assert not isinstance(answer, BaseException)
    return [outcome.kind for outcome in answer]


class Script:
    """A conversation that takes everything; when it ends for the first time, `next_up` happens."""

    usable = True

    def __init__(self, next_up: Callable[[], None]) -> None:
        self._next_up = [next_up]

    async def deliver(self, queue: JobQueue) -> None:
        while (job := queue.take(smtputf8=False)) is not None:
            job.settle(TAKEN)
        if self._next_up:
            asyncio.get_running_loop().call_soon(self._next_up.pop())

    async def hang_up(self) -> None:
        pass


class WearsOut:
    """A conversation that takes one message, once `enough` happened, and then no more."""

    usable = False

    def __init__(self, enough: asyncio.Event) -> None:
        self._enough = enough

    async def deliver(self, queue: JobQueue) -> None:
        await self._enough.wait()
        job = queue.take(smtputf8=False)
        assert job is not None
        job.settle(TAKEN)

    async def hang_up(self) -> None:
        pass


class Unmakeable(Sequence[Recipient]):
    """Recipients of whom nobody can be looked at."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[Recipient]:
        raise KeyError("a value that is not there")

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError


def test_a_window_offered_while_the_last_worker_leaves_is_delivered(mailing: Any) -> None:
    windows = [in_hand(mailing(1)) for _ in range(2)]
    pools: list[Pool] = []

    async def connect() -> Script:
        return Script(lambda: pools[0].offer(windows[1]))

    def offer(pool: Pool) -> None:
        pools.append(pool)
        pool.offer(windows[0])

    answers = deliver(connect, windows, offered=offer)
    assert [kinds(answer) for answer in answers] == [[OutcomeKind.ACCEPTED]] * 2


def test_what_the_last_connection_leaves_while_no_other_may_be_tried_is_later(mailing: Any) -> None:
    window, refused = in_hand(mailing(3)), asyncio.Event()
    connections = [WearsOut(refused)]

    async def connect() -> WearsOut:
        if connections:
            return connections.pop()
        refused.set()
        raise ProviderUnreachable("Too many connections.")

    (answer,) = deliver(connect, [window], offered=lambda pool: pool.offer(window), limit=2)
    assert kinds(answer) == [OutcomeKind.ACCEPTED, OutcomeKind.LATER, OutcomeKind.LATER]


@pytest.mark.parametrize("return_path", [None, lambda _recipient: "bounces@news.example"])
def test_a_window_whose_recipients_cannot_be_made_fails_alone(
    mailing: Any, return_path: Callable[[Recipient], str] | None
) -> None:
    """Nobody looks at them before the pool does: the dispatcher has no time for it."""
    unfit = replace(mailing(1), recipients=Unmakeable(), return_path=return_path)
    broken, whole = in_hand(unfit), in_hand(mailing(1))

    async def connect() -> Script:
        return Script(lambda: None)

    def offer(pool: Pool) -> None:
        pool.offer(broken)
        pool.offer(whole)

    failed, answer = deliver(connect, [broken, whole], offered=offer)
    assert isinstance(failed, KeyError)
    assert kinds(answer) == [OutcomeKind.ACCEPTED]
