"""Windows in hand and the queue that all connections draw from."""

import logging
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
NOT_BEGUN = "not-begun"
INTERNATIONAL = b" BODY=8BITMIME SMTPUTF8"
"""What MAIL says of a message whose address is not ASCII (RFC 6531 §3.4, RFC 6152 §2)."""

log = logging.getLogger(__name__)


@dataclass
class Acquaintance:
    """What we know of a server since this process began.

    `has_taken`: a message of ours, ever. `has_refused`: a window, of which it took nothing, for our
    sake.
    """

    has_taken: bool = False
    has_refused: bool = False


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
        self.urgent = mailing.urgent
        self.future: Future[Sequence[Outcome]] = Future()
        self.future.set_running_or_notify_cancel()  # from here on it can't be cancelled
        self._mailing = mailing
        self._outcomes: list[Outcome | None] = [None] * len(mailing.recipients)
        self._left = len(mailing.recipients)
        self._barred: AuthenticationRefused | None = None
        self._about_us: list[Outcome] = []
        if not self._left:
            self.future.set_result(())

    def jobs(self) -> list["Job"]:
        """One a recipient, each with its envelope sender, which is signed here where bounces have one."""
        both = zip(self._mailing.recipients, envelope_senders(self._mailing), strict=True)
        return [
            Job(self, position, recipient, sender)
            for position, (recipient, sender) in enumerate(both)
        ]

    def bar(self, error: AuthenticationRefused) -> None:
        """Remember that the server refuses us, not a recipient."""
        self._barred = error

    def settle(self, position: int, outcome: Outcome) -> None:
        if outcome.kind is OutcomeKind.ACCEPTED:
            self._server.has_taken = True
        elif outcome.kind is OutcomeKind.REFUSED:
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
            self._about_us.append(refusal)
            if len(self._about_us) >= REFUSED_ALIKE and not _was_anything_sent(self._so_far()):
                self.may_begin = never
        return refusal

    def not_begun(self) -> Outcome:
        """Why a message was not offered to the server at all; no attempt of the reader's."""
        if self.may_begin is never and self._about_us:
            said = self._about_us[0]
            words = f"The server had refused {len(self._about_us)} others: {said.code} {said.text}"
        else:
            words = "The lease had ended."
        return Outcome.later(NOT_BEGUN, words, provider_wide=True)

    def _answer(self, outcomes: Sequence[Outcome]) -> None:
        """Raise for what is no answer about a recipient; the others' outcomes go with it."""
        if self._barred and all(outcome.kind is OutcomeKind.LATER for outcome in outcomes):
            self.future.set_exception(self._barred)
        elif not self._is_refused_for_our_sake(outcomes):
            self.future.set_result(outcomes)
        elif len(self._about_us) >= REFUSED_ALIKE or self._server.has_refused:
            self.future.set_exception(_refused_for_our_sake(self._about_us[0], outcomes))
        else:
            # A few may be their own servers' word. Whether it takes others', the next window tells.
            self._server.has_refused = True
            self.future.set_result(_held_back(outcomes))

    def _is_refused_for_our_sake(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether the refusals that are about us are the server's, and so no recipient's outcome.

        Where it took something, or only a few are refused by one that has taken mail from us
        before, they are those readers' own servers' word, handed on: only so can an edition that is
        left with them come to its end.
        """
        if not self._about_us or _was_anything_sent(outcomes):
            return False
        return len(self._about_us) >= REFUSED_ALIKE or not self._server.has_taken


def _held_back(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes, of which those that are about us are put off at nobody's expense."""
    return [
        Outcome.later(one.code, one.text, enhanced=one.enhanced, provider_wide=True)
        if _is_about_us(one)
        else one
        for one in outcomes
    ]


def _is_about_us(outcome: Outcome) -> bool:
    return outcome.kind is OutcomeKind.REFUSED and is_about_us(outcome.enhanced, outcome.text)


def _was_anything_sent(outcomes: Iterable[Outcome]) -> bool:
    return any(one.kind in {OutcomeKind.ACCEPTED, OutcomeKind.UNSURE} for one in outcomes)


def _wants_login(refusal: Outcome) -> str:
    return (
        f"The SMTP server wants us to log in: {refusal.code} {refusal.text}. "
        "Check user and password in NEWSLETTER_SMTP_URL."
    )


def _refused_for_our_sake(refusal: Outcome, outcomes: Sequence[Outcome]) -> RequestRefused:
    return RequestRefused(
        f"The SMTP server takes nothing from us: {refusal.code} {refusal.text}. That is about us, "
        "not about the recipients: check that it may relay for us, SPF, DKIM, DMARC and the block "
        "lists.",
        outcomes=_held_back(outcomes),
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

    def prepare(self, *, smtputf8: bool) -> None:
        """Make envelope and message. Raises EmailsError or AddressError if they can't be."""
        recipient = path(self._recipient.email, smtputf8=smtputf8)
        options = b"" if recipient.isascii() else INTERNATIONAL
        self.envelope = (
            b"MAIL FROM:<%b>%b\r\n" % (path(self._sender), options),
            b"RCPT TO:<%b>\r\n" % recipient,
            b"DATA\r\n",
        )
        self.message = self.window.message(self._recipient)

    def settle(self, outcome: Outcome) -> None:
        self.message = b""
        self.window.settle(self._position, outcome)


class JobQueue:
    """What waits for a connection: first come first served, and what is urgent before the rest."""

    def __init__(self) -> None:
        self._urgent: deque[Job] = deque()
        self._others: deque[Job] = deque()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)

    def add(self, window: Window) -> None:
        """Queue all jobs of a window, or none: making them may raise anything."""
        self._line_of(window).extend(window.jobs())

    def _line_of(self, window: Window) -> deque[Job]:
        return self._urgent if window.urgent else self._others

    def _pop(self) -> Job:
        return (self._urgent or self._others).popleft()

    def take(self, *, smtputf8: bool) -> Job | None:
        """The next job that may begin and can be sent; those that can't are settled here.

        `smtputf8`: the connection carries addresses beyond ASCII.
        """
        while self:
            job = self._pop()
            if not job.window.may_begin():
                job.settle(job.window.not_begun())
                continue
            try:
                job.prepare(smtputf8=smtputf8)
            except (EmailsError, AddressError) as error:
                job.settle(Outcome.refused("unfit", str(error)))
                continue
            except Exception as error:  # our own fault: nobody else's message may wait for it
                log.exception("a message can't be made")
                job.settle(Outcome.later("failed", repr(error)))
                continue
            return job
        return None

    def put_back(self, job: Job) -> bool:
        """Give a job that was not sent another try, unless it had its tries."""
        job.tries += 1
        if job.tries >= MOST_TRIES:
            return False
        self._line_of(job.window).appendleft(job)
        return True

    def settle_all(self, outcome: Outcome, *, barred: AuthenticationRefused | None = None) -> None:
        """Answer everything that waits."""
        while self:
            job = self._pop()
            if barred is not None:
                job.window.bar(barred)
            job.settle(outcome)
