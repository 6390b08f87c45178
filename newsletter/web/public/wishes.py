"""What was ticked at the sign-up form, until the reader confirms.

It rides on the queued confirmation, since a request by itself changes nothing for a reader: the
page behind the link shows it once more, and only their confirmation makes it so.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from newsletter.dispatch.models import Notice
from newsletter.dispatch.queue import NewNotice
from subscribers.signup import MailKind, MailToSend


@dataclass(frozen=True)
class Wishes:
    """Topics to leave out, and whether tracking by name was agreed to."""

    muted: tuple[str, ...] = ()
    tracking: bool = False

    def as_data(self) -> dict[str, Any]:
        """What the notice keeps."""
        return {"wishes": {"muted": list(self.muted), "tracking": self.tracking}}


def answering(mail: MailToSend, wishes: Wishes) -> NewNotice:
    """What only the address's owner will see: a link to confirm, or that they read already."""
    kind: str = "welcome"
    data: dict[str, Any] = {"epoch": mail.link_epoch}
    if mail.kind == MailKind.CONFIRM:
        kind, data = "confirm", {"epoch": mail.epoch, **wishes.as_data()}
    return NewNotice(mail.publication_id, kind, mail.email, mail.subscriber_id, data)


def wishes_of(
    session: Session, subscriber_id: int, publication_id: int, *, epoch: int
) -> Wishes | None:
    """The latest wishes for this confirmation; None where it came without a form."""
    notices = session.exec(
        select(Notice.data)
        .where(
            Notice.kind == "confirm",
            Notice.subscriber_id == subscriber_id,
            Notice.publication_id == publication_id,
        )
        .order_by(col(Notice.id).desc())
    )
    kept = (data["wishes"] for data in notices if "wishes" in data and data.get("epoch") == epoch)
    latest = next(kept, None)
    return latest and Wishes(tuple(latest["muted"]), bool(latest["tracking"]))
