"""The pool's workers leave no window behind, whenever it is offered."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from newsletter.providers.base import Outcome, OutcomeKind
from newsletter.providers.smtp_pipeline import Conversation
from newsletter.providers.smtp_pool import Pool
from newsletter.providers.smtp_queue import Acquaintance, JobQueue, Window

TAKEN = Outcome.accepted("250", "taken")


class Script:
    """A conversation that takes everything; when it ends for the first time, `next_up` happens."""

    usable = True

    def __init__(self, next_up: Any) -> None:
        self._next_up = [next_up]

    async def deliver(self, queue: JobQueue) -> None:
        while (job := queue.take(smtputf8=False)) is not None:
            job.settle(TAKEN)
        if self._next_up:
            asyncio.get_running_loop().call_soon(self._next_up.pop())

    async def hang_up(self) -> None:
        pass


def test_a_window_offered_while_the_last_worker_leaves_is_delivered(mailing: Any) -> None:
    windows = [Window(mailing(1), lambda _: b"", Acquaintance()) for _ in range(2)]

    async def deliver() -> list[Sequence[Outcome]]:
        async def connect() -> Conversation:
            return cast("Conversation", Script(lambda: pool.offer(windows[1])))

        pool = Pool(connect, limit=1)
        pool.offer(windows[0])
        try:
            async with asyncio.timeout(10):
                return [await asyncio.wrap_future(window.future) for window in windows]
        finally:
            await pool.close()

    answers = asyncio.run(deliver())
    assert [[one.kind for one in answer] for answer in answers] == [[OutcomeKind.ACCEPTED]] * 2
