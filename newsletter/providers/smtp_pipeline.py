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

from collections import deque
from collections.abc import Generator, Sequence
from typing import TypeVar

from newsletter.providers.base import Outcome
from newsletter.providers.errors import SenderRefused
from newsletter.providers.smtp_channel import Channel, ServiceClosing, Talk
from newsletter.providers.smtp_queue import Job, JobQueue
from newsletter.providers.smtp_replies import (
    NOT_OURS_TO_SEND,
    READY_FOR_DATA,
    Reply,
    after_body,
    before_body,
)

T = TypeVar("T")
Exchange = Generator[int, Sequence[Reply], T]
"""A part of a talk."""

END = b".\r\n"
RESET = b"RSET\r\n"


class LeaseEnded(ConnectionError):
    """The mailing's guard says no once the body is due; only hanging up takes DATA back."""


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
        await self._channel.carry(self._talk(queue))

    def _talk(self, queue: JobQueue) -> Talk:
        try:
            job = self._next(queue, after=())
            while job is not None:
                job = yield from self._deliver_one(job, queue)
        except (ConnectionError, TimeoutError) as error:
            self._channel.abort()
            self._settle_broken(error, queue)

    def _deliver_one(self, job: Job, queue: JobQueue) -> Exchange[Job | None]:
        """Carry an announced job to its end, announce the next one on the way, and return that."""
        outcome = yield from self._announced(job)
        if outcome is not None:
            self._settle(outcome)
            following = self._next(queue, after=(RESET,))
            yield 1
            return following
        if not job.window.may_begin():
            raise LeaseEnded(job.window.not_begun().text)
        job.sent = True
        following = self._next(queue, after=(job.message, END))
        (reply,) = yield 1
        self._settle(after_body(reply))
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

    def _announced(self, job: Job) -> Exchange[Outcome | None]:
        """Hear the replies to MAIL, RCPT and DATA; None when the body may follow."""
        replies = (yield 3) if self._pipelining else (yield from self._one_by_one(job))
        if replies[-1].code == READY_FOR_DATA:
            if replies[0].positive and replies[1].positive:
                return None
            yield from self._send_nothing()
        return self._refused(job, replies)

    def _one_by_one(self, job: Job) -> Exchange[Sequence[Reply]]:
        """Send a command when the one before it was granted."""
        replies: list[Reply] = []
        for command in job.envelope:
            self._channel.write((command,))
            replies += yield 1
            if not replies[-1].positive:
                break
        return replies

    def _send_nothing(self) -> Exchange[None]:
        """End a DATA that was granted without a recipient (RFC 2920 §3.1): a lone dot."""
        self._channel.write((END,))
        yield 1

    def _refused(self, job: Job, replies: Sequence[Reply]) -> Outcome:
        """What the replies to MAIL, RCPT and DATA, as far as they came, say of a job."""
        if not replies[0].positive:
            return self._sender_refused(job, replies[0])
        return before_body(next((one for one in replies if not one.positive), replies[-1]))

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
