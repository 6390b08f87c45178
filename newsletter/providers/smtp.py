"""The SMTP provider: a pool of pipelined connections on an event loop of its own.

aiosmtplib connects, secures and logs in; the hot loop (smtp_pipeline.py) does the rest.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock, Thread
from typing import Any, TypeVar

from newsletter.providers.base import Mailing, Outcome
from newsletter.providers.messages import Messages
from newsletter.providers.smtp_pool import Pool
from newsletter.providers.smtp_queue import Acquaintance, Window
from newsletter.providers.smtp_server import SmtpServer, open_conversation

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """`timeout` is in seconds for one reply; a connection ends after `messages_a_connection`."""

    server: SmtpServer
    connections: int = 10
    messages_a_connection: int = 10_000
    timeout: float = 24.0


class SmtpProvider:
    """Hands messages to an SMTP server."""

    name = "smtp"
    window = 200
    in_flight = 2
    tells_later = False

    def __init__(self, options: SmtpOptions) -> None:
        self.timeout = options.timeout
        self.loopback = options.server.loopback
        self._connect = partial(
            open_conversation,
            options.server,
            options.server.tls_context(),
            reply_timeout=options.timeout,
            limit=options.messages_a_connection,
        )
        self._pool = Pool(self._connect, limit=options.connections)
        self._messages = Messages()
        self._server = Acquaintance()
        self._loop = LoopThread("smtp")

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        # Made here: in the loop's thread all connections would stand still meanwhile.
        made = replace(mailing, recipients=tuple(mailing.recipients))
        window = Window(made, self._messages.of(made), self._server)
        self._loop.call(self._pool.offer, window)
        return window.future

    def check(self) -> None:
        self._loop.run(self._log_in())

    def close(self) -> None:
        self._loop.close(self._pool.close())

    async def _log_in(self) -> None:
        conversation = await self._connect()
        await conversation.hang_up()


class LoopThread:
    """An event loop in a thread of its own, started when first needed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._lock = Lock()

    def call(self, function: Any, *arguments: Any) -> None:
        """Have the loop call `function` soon."""
        self._running().call_soon_threadsafe(function, *arguments)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` on the loop and wait for what it returns or raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running()).result()

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Run `last`, then stop loop and thread; nothing happens if they never ran."""
        if self._loop is None or self._thread is None:
            last.close()
            return
        self.run(last)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
            return self._loop


def new_event_loop() -> asyncio.AbstractEventLoop:
    """One of uvloop where it is installed (it halves the client's CPU time), else of asyncio."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
