"""The hot loop: one SMTP connection that delivers message after message, pipelined.

Where the server offers PIPELINING (RFC 2920), one message's body and final dot travel together with
the next one's MAIL, RCPT and DATA, so that a message costs one round trip:

    ->  MAIL RCPT DATA                         the first is announced
    <-  250  250  354
    ->  body . MAIL RCPT DATA                  it is sent; the second is announced
    <-  250    250  250  354

DATA ends a group (RFC 2920 §3.1): nothing of a body is sent before its 354. Where PIPELINING is not
offered, every command waits for its reply.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable
from typing import cast

from newsletter.providers.base import Outcome
from newsletter.providers.errors import SenderRefused
from newsletter.providers.smtp_queue import Job, JobQueue
from newsletter.providers.smtp_replies import (
    NOT_OURS_TO_SEND,
    READY_FOR_DATA,
    SERVICE_CLOSING,
    Reply,
    ReplyReader,
    after_body,
    before_body,
)

END = b".\r\n"
RESET = b"RSET\r\n"
FAREWELL_SECONDS = 1.0
"""How long a server may take to close after QUIT before we do."""


class ServiceClosing(ConnectionError):
    """The server said 421: it closes, and takes nothing that it has not acknowledged."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


class LeaseEnded(ConnectionError):
    """The mailing's guard says no once the body is due; only hanging up takes DATA back."""


class Channel(asyncio.Protocol):
    """The bytes of one connection: writes chunks, gives replies one by one."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._patience = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._lost: ConnectionError | None = None
        self._gone = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the connection stands and the server has said nothing unasked."""
        return self._lost is None and self._transport is not None and not self._replies

    def adopt(self, transport: asyncio.Transport) -> None:
        """Take over a connection that somebody else has opened and logged in."""
        self._transport = transport
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._replies.extend(self._reader.feed(data))
        except ConnectionError as error:
            self._end(error)
            self.abort()
        else:
            self._wake()

    def eof_received(self) -> bool:
        self._end(ConnectionResetError("The server closed the connection."))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        words = f"The connection was cut: {exc}." if exc else "The connection was cut."
        self._end(ConnectionResetError(words))
        self._gone.set()

    def write(self, chunks: Iterable[bytes]) -> None:
        """Send; what is written to a lost connection shows as lost at the next reply."""
        if self._lost is None and self._transport is not None:
            self._transport.writelines(chunks)

    async def reply(self) -> Reply:
        """The next reply. Raises ConnectionError, or TimeoutError after the timeout."""
        if not self._replies:
            await self._wait()
        reply = self._replies.popleft()
        if reply.code == SERVICE_CLOSING:
            raise ServiceClosing(reply)
        return reply

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

    async def _wait(self) -> None:
        self._raise_if_lost()
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._patience = loop.time() + self._timeout
        if self._alarm is None:
            self._alarm = loop.call_at(self._patience, self._look_at_the_clock, loop)
        try:
            await self._waiter
        finally:
            self._waiter = None
        if not self._replies:
            self._raise_if_lost()

    def _look_at_the_clock(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up a reply that is overdue; else look again when the one awaited now would be.

        One alarm at a time: setting and cancelling one for each reply costs more than reading it.
        """
        self._alarm = None
        if self._waiter is None or self._waiter.done():
            return
        if loop.time() < self._patience:
            self._alarm = loop.call_at(self._patience, self._look_at_the_clock, loop)
        else:
            self._waiter.set_exception(TimeoutError())

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _end(self, error: ConnectionError) -> None:
        self._lost = self._lost or error
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._wake()

    def _wake(self) -> None:
        ready = self._replies or self._lost is not None
        if ready and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Conversation:
    """Delivers jobs over one channel until the queue is empty or the connection worn out.

    `limit` is how many messages a connection may carry, `smtputf8` whether it carries addresses
    beyond ASCII. No job that it took is left without an outcome, except those that it puts back.
    """

    def __init__(self, channel: Channel, *, pipelining: bool, smtputf8: bool, limit: int) -> None:
        self._channel = channel
        self._pipelining = pipelining
        self._smtputf8 = smtputf8
        self._left = limit
        self._in_hand: deque[Job] = deque()

    @property
    def usable(self) -> bool:
        return self._left > 0 and self._channel.alive

    async def hang_up(self) -> None:
        await self._channel.hang_up()

    async def deliver(self, queue: JobQueue) -> None:
        """Deliver; a connection that breaks ends it and is told to every job in hand."""
        try:
            job = self._next(queue, after=())
            while job is not None:
                job = await self._deliver_one(job, queue)
        except (ConnectionError, TimeoutError) as error:
            self._channel.abort()
            self._settle_broken(error, queue)

    async def _deliver_one(self, job: Job, queue: JobQueue) -> Job | None:
        """Carry an announced job to its end, announce the next one on the way, and return that."""
        outcome = await self._announced(job)
        if outcome is not None:
            self._settle(outcome)
            following = self._next(queue, after=(RESET,))
            await self._channel.reply()
            return following
        if not job.window.may_begin():
            raise LeaseEnded(job.window.not_begun().text)
        job.sent = True
        following = self._next(queue, after=(job.message, END))
        self._settle(after_body(await self._channel.reply()))
        return following

    def _next(self, queue: JobQueue, *, after: tuple[bytes, ...]) -> Job | None:
        """Write `after`, and together with it what announces the next job."""
        job = queue.take(smtputf8=self._smtputf8) if self._left > 0 else None
        if job is None:
            self._channel.write(after)
            return None
        self._left -= 1
        self._in_hand.append(job)
        self._channel.write((*after, *job.envelope) if self._pipelining else after)
        return job

    async def _announced(self, job: Job) -> Outcome | None:
        """Hear the replies to MAIL, RCPT and DATA; None when the body may follow."""
        sender, recipient, data = await self._envelope_replies(job)
        if data is not None and data.code == READY_FOR_DATA:
            if sender.positive and recipient is not None and recipient.positive:
                return None
            await self._send_nothing()
        if not sender.positive:
            return self._sender_refused(job, sender)
        refusal = data if recipient is None or recipient.positive else recipient
        return before_body(refusal or sender)

    async def _envelope_replies(self, job: Job) -> tuple[Reply, Reply | None, Reply | None]:
        """The replies to MAIL, RCPT and DATA; without pipelining it stops at the first refusal."""
        if self._pipelining:
            reply = self._channel.reply
            return await reply(), await reply(), await reply()
        replies: list[Reply | None] = [None, None, None]
        for position, command in enumerate(job.envelope):
            self._channel.write((command,))
            replies[position] = reply_now = await self._channel.reply()
            if not reply_now.positive:
                break
        return cast("tuple[Reply, Reply | None, Reply | None]", tuple(replies))

    async def _send_nothing(self) -> None:
        """End a DATA that was granted without a recipient (RFC 2920 §3.1): a lone dot."""
        self._channel.write((END,))
        await self._channel.reply()

    @staticmethod
    def _sender_refused(job: Job, reply: Reply) -> Outcome:
        """MAIL is about us: a refusal concerns every recipient, and a person has to see to it."""
        if not (reply.transient or reply.positive):
            what = "wants us to log in" if reply.code in NOT_OURS_TO_SEND else "refuses our sender"
            cure = "Check NEWSLETTER_SMTP_URL and the publication's sender."
            words = f"The SMTP server {what}: {reply.code} {reply.text}. {cure}"
            job.window.bar(SenderRefused(words))
        return Outcome.later(
            str(reply.code), reply.text, enhanced=reply.enhanced, provider_wide=True
        )

    def _settle(self, outcome: Outcome) -> None:
        self._in_hand.popleft().settle(outcome)

    def _settle_broken(self, error: ConnectionError | TimeoutError, queue: JobQueue) -> None:
        """Say of each job in hand what is known now that no more replies come."""
        while self._in_hand:
            job = self._in_hand.popleft()
            if isinstance(error, ServiceClosing):
                job.settle(before_body(error.reply))
            elif job.sent:
                job.settle(Outcome.unsure(_word(error), str(error) or "No answer came."))
            elif isinstance(error, LeaseEnded):
                job.settle(job.window.not_begun())
            elif not queue.put_back(job):
                words = str(error) or "No answer came."
                job.settle(Outcome.later(_word(error), words, provider_wide=True))


def _word(error: ConnectionError | TimeoutError) -> str:
    return "timeout" if isinstance(error, TimeoutError) else "cut"
