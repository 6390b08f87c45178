"""What was ticked at the sign-up form, and by which door they came, until the reader confirms.

It rides on the queued confirmation, since a request by itself changes nothing for a reader: the
page behind the link shows it once more, and only their confirmation makes it so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from newsletter.dispatch.models import Notice
from newsletter.dispatch.queue import NewNotice
from subscribers.signup import MailKind, MailToSend

FORM = "form"


@dataclass(frozen=True)
class Wishes:
    """Topics to leave out, and whether tracking by name was agreed to."""

    muted: tuple[str, ...] = ()
    tracking: bool = False

    def as_data(self) -> dict[str, Any]:
        """What the notice keeps."""
        return {"wishes": {"muted": list(self.muted), "tracking": self.tracking}}


def answering(mail: MailToSend, wishes: Wishes, *, source: str = FORM) -> NewNotice:
    """What only the address's owner will see: a link to confirm, or that they read already.

    `source` (form, api, editor) is what the record of their consent will say.
    """
    kind: str = "welcome"
    data: dict[str, Any] = {"epoch": mail.link_epoch}
    if mail.kind == MailKind.CONFIRM:
        kind, data = "confirm", {"epoch": mail.epoch, "source": source, **wishes.as_data()}
    return NewNotice(mail.publication_id, kind, mail.email, mail.subscriber_id, data)


def wishes_of(session: Session, mailed: MailToSend) -> Wishes | None:
    """The latest wishes for this confirmation; None where it came without a form."""
    kept = (data["wishes"] for data in _requests(session, mailed) if "wishes" in data)
    latest = next(kept, None)
    return latest and Wishes(tuple(latest["muted"]), bool(latest["tracking"]))


def source_of(session: Session, mailed: MailToSend) -> str:
    """By which door the latest request for this confirmation came."""
    latest = next(iter(_requests(session, mailed)), {})
    return str(latest.get("source", FORM))


def _requests(session: Session, mailed: MailToSend) -> list[Mapping[str, Any]]:
    """What is kept of the requests that this confirmation answers, the latest first."""
    notices = session.exec(
        select(Notice.data)
        .where(
            Notice.kind == "confirm",
            Notice.subscriber_id == mailed.subscriber_id,
            Notice.publication_id == mailed.publication_id,
        )
        .order_by(col(Notice.id).desc())
    )
    return [data for data in notices if data.get("epoch") == mailed.epoch]
