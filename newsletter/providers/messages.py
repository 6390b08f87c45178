"""The messages of a mailing as bytes, for the providers that take whole messages."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from emails.headers import parse_mailbox
from emails.mime import Skeleton, build_skeleton
from newsletter.providers.base import Mailing, Recipient

SKELETONS_KEPT = 8
"""An edition has few variants; a skeleton costs milliseconds to build and 100 KB to keep."""


class Messages:
    """Fills messages, building the skeleton of each composition once. Thread-safe."""

    def __init__(self) -> None:
        self._skeletons: OrderedDict[tuple[str, str], Skeleton] = OrderedDict()
        self._lock = Lock()

    def of(self, mailing: Mailing) -> Callable[[Recipient], bytes]:
        """A function from a recipient to the whole message, CRLF throughout, dots stuffed.

        The function raises an `emails.errors.EmailsError` for a recipient whose address or values
        can't stand in the message.
        """
        skeleton = self._skeleton(mailing)

        def message(recipient: Recipient) -> bytes:
            return skeleton.fill(
                {**recipient.values, "to": recipient.email, "message_id": recipient.message_id}
            )

        return message

    def _skeleton(self, mailing: Mailing) -> Skeleton:
        key = (mailing.composition.digest, repr(mailing.headers))
        with self._lock:
            if key not in self._skeletons:
                skeleton = build_skeleton(mailing.composition, mailing.headers).stuffed()
                self._skeletons[key] = skeleton
            self._skeletons.move_to_end(key)
            while len(self._skeletons) > SKELETONS_KEPT:
                self._skeletons.popitem(last=False)
            return self._skeletons[key]


def envelope_senders(mailing: Mailing) -> list[str]:
    """Where each recipient's bounces go: the VERP address, or the header's sender."""
    if mailing.return_path is not None:
        return [mailing.return_path(recipient) for recipient in mailing.recipients]
    return [parse_mailbox("From", mailing.headers.sender).address] * len(mailing.recipients)
