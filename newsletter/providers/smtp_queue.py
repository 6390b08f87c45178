"""Windows in hand and the queue that all connections draw from."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from emails.errors import EmailsError
from newsletter.providers.base import (
    AuthenticationRefused,
    Mailing,
    Outcome,
    OutcomeKind,
    Recipient,
    RequestRefused,
    SenderRefused,
)
from newsletter.providers.messages import envelope_senders
from newsletter.providers.smtp_address import AddressError, path
from newsletter.providers.smtp_replies import NOT_OURS_TO_SEND, is_about_us

MOST_TRIES = 2
"""A connection that had died while idle costs a job one try; a second cut is the server's doing."""
REFUSED_ALIKE = 10
"""So many refusals that are about us, and nothing taken: the rest of the window is not tried."""
NEVER_OFFERED = frozenset({"not-begun"})


@dataclass
class Acquaintance:
    """Whether a server has ever taken a message from us, since this process began."""

    has_taken: bool = False


def never() -> bool:
    """The answer of a window that has been given up."""
    return False


class Window:
    """A mailing in hand: collects one outcome a recipient, then answers the future."""

    def __init__(
        self, mailing: Mailing, message: Callable[[Recipient], bytes], server: Acquaintance
    ) -> None:
        self.message = message
        self._server = server
        self.may_begin = mailing.may_begin
        self.future: Future[Sequence[Outcome]] = Future()
        self.future.set_running_or_notify_cancel()  # from here on it can't be cancelled
        self._recipients = mailing.recipients
        self._senders = envelope_senders(mailing)
        self._outcomes: list[Outcome | None] = [None] * len(mailing.recipients)
        self._left = len(mailing.recipients)
        self._barred: AuthenticationRefused | None = None
        self._refused_alike = 0
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
        if outcome.kind is OutcomeKind.REFUSED:
            outcome = self._heed(outcome)
        self._outcomes[position] = outcome
        self._left -= 1
        if not self._left:
            self._answer(self._so_far())

    def _so_far(self) -> list[Outcome]:
        return [outcome for outcome in self._outcomes if outcome is not None]

    def _heed(self, refusal: Outcome) -> Outcome:
        """Offer nothing more of a mailing that the server refuses because it comes from us."""
        if refusal.code.isdigit() and int(refusal.code) in NOT_OURS_TO_SEND:
            self.bar(SenderRefused(_wants_login(refusal)))
            self.may_begin = never
            return Outcome.later(refusal.code, refusal.text, provider_wide=True)
        if _is_about_us(refusal):
            self._refused_alike += 1
            if self._refused_alike >= REFUSED_ALIKE and not _was_anything_sent(self._so_far()):
                self.may_begin = never
        return refusal

    def _answer(self, outcomes: Sequence[Outcome]) -> None:
        """Raise for what is no answer about a recipient, if nothing needs to be recorded."""
        if not self._server.has_taken:
            self._server.has_taken = any(one.kind is OutcomeKind.ACCEPTED for one in outcomes)
        if self._barred and all(outcome.kind is OutcomeKind.LATER for outcome in outcomes):
            self.future.set_exception(self._barred)
        elif self._is_refused_as_a_whole(outcomes):
            self.future.set_exception(_refused_as_a_whole(outcomes))
        else:
            self.future.set_result(outcomes)

    def _is_refused_as_a_whole(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether everybody is refused for our sake.

        A few alone, by a server that has taken mail from us before, are those readers' own
        servers' word, handed on: only so can an edition that is left with them come to its end.
        """
        if not self._refused_alike:
            return False
        if self._refused_alike < REFUSED_ALIKE and self._server.has_taken:
            return False
        return all(_is_about_us(one) or one.code in NEVER_OFFERED for one in outcomes)


def _is_about_us(outcome: Outcome) -> bool:
    return outcome.kind is OutcomeKind.REFUSED and is_about_us(outcome.enhanced, outcome.text)


def _was_anything_sent(outcomes: Iterable[Outcome]) -> bool:
    return any(one.kind in {OutcomeKind.ACCEPTED, OutcomeKind.UNSURE} for one in outcomes)


def _wants_login(refusal: Outcome) -> str:
    return (
        f"The SMTP server wants us to log in: {refusal.code} {refusal.text}. "
        "Check user and password in NEWSLETTER_SMTP_URL."
    )


def _refused_as_a_whole(outcomes: Sequence[Outcome]) -> RequestRefused:
    first = next(one for one in outcomes if one.kind is OutcomeKind.REFUSED)
    return RequestRefused(
        f"The SMTP server refuses every recipient alike: {first.code} {first.text}. That is about "
        "us, not about them: check that it may relay for us, SPF, DKIM, DMARC and the block lists."
    )


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
