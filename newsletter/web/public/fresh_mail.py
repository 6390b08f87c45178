"""Mailing a fresh link: for what takes the readers themselves (`subscribers/fresh_links.py`)."""

from sqlmodel import Session

from newsletter.dispatch.queue import queue_notice
from newsletter.publications import Publication
from newsletter.web.house import House
from subscribers import fresh_links
from subscribers.guard import GuardPolicy

POLICY = GuardPolicy()


def mail_fresh_link(
    house: House,
    session: Session,
    publication: Publication,
    email: str,
    *,
    kind: str,
    what: str,
    source: str,
    ip: str,
) -> None:
    """Queue a notice of a kind with the link, if there is somebody to mail it to.

    `what` stands in the reader's timeline. Raises InvalidAddress.
    """
    link = fresh_links.request(
        session,
        publication.key,
        email,
        POLICY,
        what=what,
        source=source,
        ip=ip,
        hash_of=house.site.signer.keyed_hash,
        now=house.now(),
    )
    if link is None:
        return
    queue_notice(
        session,
        publication_id=publication.key,
        kind=kind,
        email=link.email,
        subscriber_id=link.subscriber_id,
        data={"epoch": link.epoch},
        now=house.now(),
    )
