"""A provider as another package would bring it: it knows the Protocol, and nothing else of ours.

Messages go into a loft (a folder that PIGEON_LOFT names), whole, a file each.
"""

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from emails.errors import EmailsError
from newsletter.providers.base import Mailing, Outcome, ProviderUnreachable, Recipient
from newsletter.providers.messages import Messages
from newsletter.providers.registry import ProviderOptions


def open_loft(options: ProviderOptions) -> "PigeonPost":
    """What the entry point names."""
    loft = os.environ.get("PIGEON_LOFT")
    return PigeonPost(Path(loft) if loft else None, options.timeout)


class PigeonPost:
    """Flies messages to a loft; without one, no pigeon leaves."""

    name = "pigeon"
    window = 50
    in_flight = 3
    loopback = True
    tells_later = False

    def __init__(self, loft: Path | None, timeout: float) -> None:
        self.timeout = timeout
        self._loft = loft
        self._messages = Messages()
        self._pigeons = ThreadPoolExecutor(self.in_flight)

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        return self._pigeons.submit(self._fly_all, mailing)

    def check(self) -> None:
        if self._loft is None:
            raise ProviderUnreachable("There is no loft. Set NEWSLETTER_PROVIDER, or PIGEON_LOFT.")

    def close(self) -> None:
        self._pigeons.shutdown()

    def _fly_all(self, mailing: Mailing) -> Sequence[Outcome]:
        message = self._messages.of(mailing)
        outcomes = []
        for recipient in mailing.recipients:
            if self._loft is None:
                outcome = Outcome.later("unreachable", "There is no loft.", provider_wide=True)
            elif not mailing.may_begin():
                outcome = Outcome.later("not-begun", "The lease had ended.", provider_wide=True)
            else:
                try:
                    outcome = self._fly(self._loft, recipient, message(recipient))
                except EmailsError as error:
                    outcome = Outcome.refused("unfit", str(error))
            outcomes.append(outcome)
        return outcomes

    def _fly(self, loft: Path, recipient: Recipient, message: bytes) -> Outcome:
        loft.mkdir(exist_ok=True)
        (loft / recipient.key).write_bytes(message)
        return Outcome.accepted("landed")
