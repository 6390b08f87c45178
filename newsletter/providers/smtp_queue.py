"""Windows in hand and the queue that all connections draw from."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from emails.errors import EmailsError
from newsletter.providers.base import (
    AuthenticationRefused,
    Mailing,
    Outcome,
    OutcomeKind,
    Recipient,
)
from newsletter.providers.messages import envelope_senders
from newsletter.providers.smtp_address import AddressError, path

MOST_TRIES = 2
"""A connection that had died while idle costs a job one try; a second cut is the server's doing."""


class Window:
    """A mailing in hand: collects one outcome a recipient, then answers the future."""

    def __init__(self, mailing: Mailing, message: Callable[[Recipient], bytes]) -> None:
        self.message = message
        self.may_begin = mailing.may_begin
        self.future: Future[Sequence[Outcome]] = Future()
        self.future.set_running_or_notify_cancel()  # from here on it can't be cancelled
        self._recipients = mailing.recipients
        self._senders = envelope_senders(mailing)
        self._outcomes: list[Outcome | None] = [None] * len(mailing.recipients)
        self._left = len(mailing.recipients)
        self._barred: AuthenticationRefused | None = None
        if not self._left:
            self.future.set_result(())

    def jobs(self) -> Iterable["Job"]:
        return (
            Job(self, position, recipient, sender)
            for position, (recipient, sender) in enumerate(
                zip(self._recipients, self._senders, strict=True)
            )
        )

    def bar(self, error: AuthenticationRefused) -> None:
        """Remember that the server refuses us, not a recipient."""
        self._barred = error

    def settle(self, position: int, outcome: Outcome) -> None:
        self._outcomes[position] = outcome
        self._left -= 1
        if not self._left:
            self._answer([outcome for outcome in self._outcomes if outcome is not None])

    def _answer(self, outcomes: Sequence[Outcome]) -> None:
        """Raise for a refused login only if nothing of the mailing needs to be recorded."""
        if self._barred and all(outcome.kind is OutcomeKind.LATER for outcome in outcomes):
            self.future.set_exception(self._barred)
        else:
            self.future.set_result(outcomes)


class Job:
    """One message on its way. `sent` says that its body was written: only a reply tells then."""

    __slots__ = (
        "_position",
        "_recipient",
        "_sender",
        "envelope",
        "message",
        "sent",
        "tries",
        "window",
    )

    def __init__(self, window: Window, position: int, recipient: Recipient, sender: str) -> None:
        self.window = window
        self.sent = False
        self.tries = 0
        self.message = b""
        self.envelope: tuple[bytes, bytes, bytes] = (b"", b"", b"")
        self._position = position
        self._recipient = recipient
        self._sender = sender

    def prepare(self) -> None:
        """Make envelope and message. Raises EmailsError or AddressError if they can't be."""
        self.envelope = (
            b"MAIL FROM:<%b>\r\n" % path(self._sender),
            b"RCPT TO:<%b>\r\n" % path(self._recipient.email),
            b"DATA\r\n",
        )
        self.message = self.window.message(self._recipient)

    def settle(self, outcome: Outcome) -> None:
        self.message = b""
        self.window.settle(self._position, outcome)


class JobQueue:
    """What waits for a connection, first come first served."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, jobs: Iterable[Job]) -> None:
        self._jobs.extend(jobs)

    def take(self) -> Job | None:
        """The next job that may begin and can be sent; those that can't are settled here."""
        while self._jobs:
            job = self._jobs.popleft()
            if not job.window.may_begin():
                job.settle(Outcome.later("not-begun", "The lease had ended."))
                continue
            try:
                job.prepare()
            except (EmailsError, AddressError) as error:
                job.settle(Outcome.refused("unfit", str(error)))
                continue
            return job
        return None

    def put_back(self, job: Job) -> bool:
        """Give a job that was not sent another try, unless it had its tries."""
        job.tries += 1
        if job.tries >= MOST_TRIES:
            return False
        self._jobs.appendleft(job)
        return True

    def settle_all(self, outcome: Outcome, *, barred: AuthenticationRefused | None = None) -> None:
        """Answer everything that waits."""
        while self._jobs:
            job = self._jobs.popleft()
            if barred is not None:
                job.window.bar(barred)
            job.settle(outcome)
