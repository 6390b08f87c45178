"""The bytes of one SMTP connection: chunks out, replies in, and the talk that they drive.

A talk is a generator: it writes, yields how many replies it waits for, and is given them as soon as
they are there, in the very call that brings them. With a task and a future for each reply, the
event loop's bookkeeping cost a quarter of what a message costs.
"""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from newsletter.providers.smtp_replies import SERVICE_CLOSING, Reply, ReplyReader

FAREWELL_SECONDS = 1.0
"""How long a server may take to close after QUIT before we do."""

Talk = Generator[int, Sequence[Reply], None]


class ServiceClosing(ConnectionError):
    """The server said 421: it closes, and takes nothing that it has not acknowledged."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


class Channel(asyncio.Protocol):
    """A connection that somebody else has opened; `timeout` is in seconds for one reply."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._replies: list[Reply] = []
        self._talk: Talk | None = None
        self._wanted = 0
        self._over: asyncio.Future[None] | None = None
        self._patience = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._lost: ConnectionError | None = None
        self._gone = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the connection stands and the server has said nothing unasked."""
        return self._lost is None and self._transport is not None and not self._replies

    def adopt(self, transport: asyncio.Transport) -> None:
        """Take over a connection that is logged in."""
        self._transport = transport
        transport.set_protocol(self)

    def write(self, chunks: Iterable[bytes]) -> None:
        """Send; what is written to a lost connection shows as lost at the next reply."""
        if self._lost is None and self._transport is not None:
            self._transport.writelines(chunks)

    async def carry(self, talk: Talk) -> None:
        """Run a talk to its end.

        Where it waits, it meets a ServiceClosing for a 421 among the replies that it wants, another
        ConnectionError where the connection is lost, a TimeoutError where none came in time.
        """
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._talk, self._over = talk, over
        self._resume(talk.send, None)
        self._advance()
        await over

    # -- what the connection brings

    def data_received(self, data: bytes) -> None:
        try:
            replies = self._reader.feed(data)
        except ConnectionError as error:
            self._end(error)
            self.abort()
            return
        if replies:  # else it is no sign of life: a reply that comes byte by byte is overdue too
            self._replies += replies
            self._advance()

    def eof_received(self) -> bool:
        self._end(ConnectionResetError("The server closed the connection."))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        words = f"The connection was cut: {exc}." if exc else "The connection was cut."
        self._end(ConnectionResetError(words))
        self._gone.set()

    # -- the talk

    def _advance(self) -> None:
        """Give the talk what it waits for, as long as that is there."""
        talk = self._talk
        if talk is None or not self._wanted:
            return  # nobody listens, or it is at work in a call further up
        while self._wanted:
            said = self._replies[: self._wanted]
            closing = [reply for reply in said if reply.code == SERVICE_CLOSING]
            if closing:
                self._resume(talk.throw, ServiceClosing(closing[0]))
            elif len(said) == self._wanted:
                del self._replies[: self._wanted]
                self._resume(talk.send, said)
            elif self._lost is not None:
                self._resume(talk.throw, self._lost)
            else:
                self._wait()
                return

    def _resume(self, step: Callable[[Any], int], value: object) -> None:
        """Have the talk go on until it waits again, or is over."""
        self._wanted = 0
        try:
            self._wanted = step(value)
        except StopIteration:
            self._finish(None)
        except Exception as error:  # noqa: BLE001 - whoever awaits the talk gets it
            self._finish(error)

    def _finish(self, error: Exception | None) -> None:
        over, self._talk, self._over = self._over, None, None
        if over is None or over.done():
            return
        if error is None:
            over.set_result(None)
        else:
            over.set_exception(error)

    # -- patience

    def _wait(self) -> None:
        """Wait for more replies, though not for ever.

        One alarm at a time: setting and cancelling one for each reply costs more than reading it.
        """
        loop = asyncio.get_running_loop()
        self._patience = loop.time() + self._timeout
        if self._alarm is None:
            self._alarm = loop.call_at(self._patience, self._look_at_the_clock, loop)

    def _look_at_the_clock(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up a reply that is overdue; else look again when the one awaited now would be."""
        self._alarm = None
        if self._talk is None or not self._wanted:
            return
        if loop.time() < self._patience:
            self._alarm = loop.call_at(self._patience, self._look_at_the_clock, loop)
        else:
            self._resume(self._talk.throw, TimeoutError())
            self._advance()

    # -- the end

    async def hang_up(self) -> None:
        """Say goodbye, close, and wait until the connection is gone (TLS has words of its own)."""
        self.write([b"QUIT\r\n"])
        if self._transport is None:
            return
        self._transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._gone.wait()
            return
        self.abort()

    def abort(self) -> None:
        """Close at once; what the system has not sent yet is thrown away."""
        self._end(ConnectionAbortedError("We closed the connection."))
        if self._transport is not None:
            self._transport.abort()

    def _end(self, error: ConnectionError) -> None:
        self._lost = self._lost or error
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._advance()
