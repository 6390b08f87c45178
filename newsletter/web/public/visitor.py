"""Whom a link in a mail stands for, and what they may do with it.

Mails get forwarded: a link in an edition lets its holder send less (unsubscribe, mute, pause,
refuse tracking), never more. What needs the reader themselves takes a freshly mailed link.
"""

from dataclasses import dataclass

from sqlmodel import Session

from newsletter.editions.models import Edition
from newsletter.errors import NewsletterError, NotFound, TokenError, TokenExpired
from newsletter.publications import Publication
from newsletter.tokens import Purpose, Signer
from subscribers.errors import LinkUsed
from subscribers.models import Subscriber

NOBODY = 0
"""Stands for the reader in a test mail's token."""
WEB_COPY = "web-copy"
"""Stands for the token in the archive's copy of a mail, which is nobody's own."""


class SampleLink(NewsletterError):
    """The link of a mail that is nobody's own: a test mail, or the archive's copy."""


@dataclass(frozen=True)
class Visitor:
    """A reader who came by a link."""

    token: str
    publication: Publication
    subscriber_id: int
    edition_id: int | None = None
    """The edition whose mail has the link; None for a link mailed by itself."""

    @property
    def is_fresh(self) -> bool:
        """Whether the link was mailed just now, for what only the reader may do."""
        return self.edition_id is None


def read_visitor(session: Session, signer: Signer, token: str, *, now: float) -> Visitor:
    """Read the token of an edition's mail, or of a freshly mailed link.

    Raises:
        SampleLink: a test mail's, or the archive's copy.
        TokenError: forged, cut or expired.
        LinkUsed: a fresh link that worked once already.
    """
    _refuse_web_copy(token)
    try:
        return _of_delivery(session, signer, token)
    except TokenError:
        return _of_fresh_link(session, signer, token, now=now)


def read_leaver(session: Session, signer: Signer, token: str) -> Visitor:
    """Read the token of somebody who leaves: every link that we ever mailed them lets them.

    Raises:
        SampleLink: a test mail's, or the archive's copy.
        TokenError: forged or cut.
    """
    _refuse_web_copy(token)
    try:
        return _of_delivery(session, signer, token)
    except TokenError:
        publication_id, subscriber_id, _, _ = signer.read(Purpose.MANAGE, token)
    return Visitor(token, session.get_one(Publication, publication_id), subscriber_id)


def _refuse_web_copy(token: str) -> None:
    if token == WEB_COPY:
        raise SampleLink(
            "This mail is the archive's copy. The links in your own mail lead to your own "
            "subscription."
        )


def _of_delivery(session: Session, signer: Signer, token: str) -> Visitor:
    edition_id, subscriber_id = signer.read(Purpose.DELIVERY, token)
    if subscriber_id == NOBODY:
        raise SampleLink(
            "This is a test mail: its links lead nowhere in particular, and nothing was changed."
        )
    edition = session.get(Edition, edition_id)
    if edition is None:
        raise NotFound("That edition is gone.")
    publication = session.get_one(Publication, edition.publication_id)
    return Visitor(token, publication, subscriber_id, edition_id)


def _of_fresh_link(session: Session, signer: Signer, token: str, *, now: float) -> Visitor:
    try:
        publication_id, subscriber_id, epoch = signer.read_fresh(Purpose.MANAGE, token, now=now)
    except TokenExpired as error:
        raise TokenExpired(
            "This link was for a day. The one at the foot of every edition works for long."
        ) from error
    reader = session.get(Subscriber, subscriber_id)
    if reader is None or reader.link_epoch != epoch:
        raise LinkUsed(
            "Such a link works once. The one at the foot of every edition works for long."
        )
    return Visitor(token, session.get_one(Publication, publication_id), subscriber_id)
