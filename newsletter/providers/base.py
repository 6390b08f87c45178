"""What the dispatcher asks of a provider, and what it gets back.

A provider takes a *mailing*, one composition and up to `window` recipients, and answers with one
*outcome* for each of them. The dispatcher is synchronous; a provider owns its threads or its event
loop and answers through a `Future`. It knows no database and decides nothing about the ledger: it
says what it knows, and says *unsure* where it can't know.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, Self, runtime_checkable

from emails.composition import Composition
from emails.mime import MailHeaders
from newsletter.providers.errors import (
    AuthenticationRefused,
    ProviderError,
    ProviderMisconfigured,
    ProviderUnreachable,
    RequestRefused,
    SenderRefused,
    UnknownProvider,
)

__all__ = [
    "AuthenticationRefused",
    "Mailing",
    "Outcome",
    "OutcomeKind",
    "Provider",
    "ProviderError",
    "ProviderMisconfigured",
    "ProviderUnreachable",
    "Recipient",
    "RequestRefused",
    "SenderRefused",
    "UnknownProvider",
]


class OutcomeKind(StrEnum):
    """What is known about one message once a provider has been asked to take it."""

    ACCEPTED = "accepted"  # the provider has taken it and answers for it from here
    LATER = "later"  # certainly not taken; may be offered again
    REFUSED = "refused"  # certainly not taken, and never will be
    UNSURE = "unsure"  # taken or not: nobody on this side can tell


class Outcome(NamedTuple):
    """The fate of one message.

    `code` is the reply code ("250", "202", "421") or, where no reply came, one of the words
    "unreachable", "cut", "timeout" and "not-begun". `enhanced` is the enhanced status code of
    RFC 3463 ("5.1.1"). `text` is the provider's words, without secrets. `retry_after` is in
    seconds from now. `reference` is the provider's own id for the message, if it gave one.
    `provider_wide` says that the answer is about the provider, not about this recipient
    (too many requests, out of service): it should not count as one of the recipient's attempts.
    """

    kind: OutcomeKind
    code: str
    text: str = ""
    enhanced: str | None = None
    retry_after: float | None = None
    reference: str = ""
    provider_wide: bool = False

    @classmethod
    def accepted(cls, code: str, text: str = "", *, reference: str = "") -> Self:
        return cls(OutcomeKind.ACCEPTED, code, text, reference=reference)

    @classmethod
    def later(
        cls,
        code: str,
        text: str = "",
        *,
        enhanced: str | None = None,
        retry_after: float | None = None,
        provider_wide: bool = False,
    ) -> Self:
        return cls(
            OutcomeKind.LATER,
            code,
            text,
            enhanced=enhanced,
            retry_after=retry_after,
            provider_wide=provider_wide,
        )

    @classmethod
    def refused(cls, code: str, text: str = "", *, enhanced: str | None = None) -> Self:
        return cls(OutcomeKind.REFUSED, code, text, enhanced=enhanced)

    @classmethod
    def unsure(cls, code: str, text: str = "", *, enhanced: str | None = None) -> Self:
        return cls(OutcomeKind.UNSURE, code, text, enhanced=enhanced)


class Recipient(NamedTuple):
    """One reader of a mailing.

    `key` is the delivery's id, which comes back in the provider's events; `message_id` the whole
    Message-ID with its angle brackets; `values` maps the composition's slot names to what stands
    there for this reader ("token" to the delivery token).
    """

    key: str
    email: str
    message_id: str
    values: Mapping[str, str]


def always() -> bool:
    """The answer of a mailing that nobody guards."""
    return True


@dataclass(frozen=True)
class Mailing:
    """A window of recipients, ready to hand over.

    `return_path` gives the envelope sender of a recipient (VERP); without it the header's sender
    address is used. `may_begin` is asked from the provider's threads before each call or message:
    once it says no (the lease has ended), the provider begins nothing more and answers *later*
    with the code "not-begun" for what it has not begun. `urgent`: somebody waits for it now, and it
    goes before what waits of an edition; a provider that queues nothing may ignore that.
    """

    composition: Composition
    headers: MailHeaders
    recipients: Sequence[Recipient]
    edition: str
    batch: str
    return_path: Callable[[Recipient], str] | None = None
    may_begin: Callable[[], bool] = always
    urgent: bool = False


@runtime_checkable
class Provider(Protocol):
    """Somebody who takes messages from us.

    Thread-safe: `submit` may be called from any thread, up to `in_flight` times before the first
    answer is in.
    """

    @property
    def name(self) -> str:
        """The word that settings and the ledger use for it."""
        ...

    @property
    def window(self) -> int:
        """Most recipients in one `submit`: what may be in doubt after a crash."""
        ...

    @property
    def in_flight(self) -> int:
        """Most windows at once."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds after which a call that got no answer is given up."""
        ...

    @property
    def loopback(self) -> bool:
        """Whether nothing given to it can leave this machine."""
        ...

    @property
    def tells_later(self) -> bool:
        """Whether its events tell later what became of each message that it accepted.

        Then acceptance settles nothing, and says nothing of the readers' servers; of others it is
        the last word, unless the message comes back.
        """
        ...

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        """Hand a mailing over; the result has one outcome a recipient, in their order.

        The future raises `AuthenticationRefused` if the key or password, the sender or the
        request as a whole is refused, and then nothing of the mailing was taken; a `RequestRefused`
        may bear outcomes. Every other answer, and every silence, is an outcome.
        """
        ...

    def check(self) -> None:
        """Log in without sending; raise a `ProviderError` that says the cure."""
        ...

    def close(self) -> None:
        """Let what is in flight finish, then drop connections and threads; can be repeated."""
        ...
