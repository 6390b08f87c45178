"""The connections to one SMTP server and who works on them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import cast

from newsletter.providers.base import Outcome
from newsletter.providers.errors import AuthenticationRefused, ProviderError
from newsletter.providers.smtp_pipeline import Conversation
from newsletter.providers.smtp_queue import JobQueue, Window

IDLE_SECONDS = 30.0
"""Servers close idle connections after some minutes (RFC 5321 §4.5.3.2.7); we go earlier."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0

log = logging.getLogger(__name__)


class Pool:
    """Up to `limit` connections that draw from one queue. Lives on one event loop.

    While nothing can be connected, whatever is offered is answered *later* at once, with the
    seconds until the next attempt, which double from 1 to 60.
    """

    def __init__(self, connect: Callable[[], Awaitable[Conversation]], *, limit: int) -> None:
        self._connect = connect
        self._limit = limit
        self._queue = JobQueue()
        self._idle: list[Conversation] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._talking = 0
        self._door = asyncio.Lock()
        self._pause = FIRST_PAUSE
        self._retry_at = 0.0
        self._sweep: asyncio.TimerHandle | None = None

    def offer(self, window: Window) -> None:
        """Queue a window and see that somebody works on it."""
        try:
            self._queue.add(window)
        except Exception as error:  # noqa: BLE001 - its jobs are made here: nobody else hears it
            window.future.set_exception(error)
        self._answer_if_away()
        while len(self._workers) < min(self._limit, len(self._queue)):
            self._workers.add(asyncio.create_task(self._work()))

    async def close(self) -> None:
        """Wait for what is in flight, then hang up."""
        while self._workers:
            await asyncio.gather(*self._workers)
        self._hang_up_idle()
        await asyncio.gather(*self._leaving)

    async def _work(self) -> None:
        """Work until the queue is empty.

        Whoever finds it empty leaves at once: a callback that struck the task off would come after
        a window that was offered meanwhile, which nobody would then work on.
        """
        try:
            await self._empty_the_queue()
        finally:
            self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _empty_the_queue(self) -> None:
        """Deliver on one connection after another."""
        while self._queue:
            async with self._door:
                conversation = await self._conversation()
            if conversation is None:
                return
            self._talking += 1
            try:
                await conversation.deliver(self._queue)
            finally:
                self._talking -= 1
            if conversation.usable:
                self._rest(conversation)
            else:
                self._leave(conversation)

    async def _conversation(self) -> Conversation | None:
        """A connection that rests, or a new one.

        One is opened at a time: a refused login is tried once, and a server that is away or has
        enough connections meets one knock.
        """
        while self._idle:
            conversation = self._idle.pop()
            if conversation.usable:
                return conversation
            self._leave(conversation)
        self._answer_if_away()
        if not self._queue or self._pausing > 0:
            return None
        try:
            conversation = await self._connect()
        except ProviderError as error:
            self._failed(error)
            return None
        self._pause, self._retry_at = FIRST_PAUSE, 0.0
        return conversation

    def _answer_if_away(self) -> None:
        """Answer the queue while no connection may be tried and none stands to work on it.

        The last one that stood may wear out, or be cut, within the pause after another was refused.
        """
        if self._pausing > 0 and not (self._idle or self._talking):
            words = "The SMTP server was away a moment ago."
            self._queue.settle_all(_unreachable(words, retry_after=self._pausing))

    def _failed(self, error: ProviderError) -> None:
        """Leave the queue to the connections that stand; without any, answer it."""
        self._retry_at = asyncio.get_running_loop().time() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        if self._idle or self._talking:
            log.warning("One SMTP connection fewer for now: %s", error)
        elif isinstance(error, AuthenticationRefused):
            outcome = Outcome.later("login-refused", str(error), provider_wide=True)
            self._queue.settle_all(outcome, barred=error)
        else:
            log.warning("%s", error)
            self._queue.settle_all(_unreachable(str(error), retry_after=self._pausing))

    @property
    def _pausing(self) -> float:
        """Seconds until another connection may be tried."""
        return max(self._retry_at - asyncio.get_running_loop().time(), 0.0)

    def _rest(self, conversation: Conversation) -> None:
        self._idle.append(conversation)
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._hang_up_idle)

    def _hang_up_idle(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        while self._idle:
            self._leave(self._idle.pop())

    def _leave(self, conversation: Conversation) -> None:
        farewell = asyncio.create_task(conversation.hang_up())
        self._leaving.add(farewell)
        farewell.add_done_callback(self._leaving.discard)


def _unreachable(text: str, *, retry_after: float) -> Outcome:
    return Outcome.later("unreachable", text, retry_after=retry_after, provider_wide=True)
