"""Finding a reader and their subscription, to look at or to change."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from subscribers.among import among
from subscribers.errors import UnknownReader
from subscribers.models import SUBSCRIBER, SUBSCRIPTION, Subscriber, Subscription

Row = TypeVar("Row", Subscriber, Subscription)


class PersonalRow(NamedTuple):
    """What a mail may say of one reader."""

    id: int
    name: str
    attributes: dict[str, Any]
    tags: list[str]


_PERSONAL = select_columns(
    SUBSCRIBER.c.id, SUBSCRIBER.c.name, SUBSCRIBER.c.attributes, SUBSCRIBER.c.tags
)


def personal_rows(session: Session, ids: Collection[int]) -> Sequence[PersonalRow]:
    """Fetch the names, attributes and tags of readers, in any order; the unknown are left out."""
    rows = session.execute(_PERSONAL.where(among(SUBSCRIBER.c.id, ids)))
    return [PersonalRow(*row) for row in rows]


def newest_personal_rows(
    session: Session, publication_id: int, *, most: int
) -> Sequence[PersonalRow]:
    """Fetch the same of up to `most` readers who get the publication, the newest first."""
    rows = session.execute(
        _PERSONAL.join(SUBSCRIPTION, SUBSCRIPTION.c.subscriber_id == SUBSCRIBER.c.id)
        .where(SUBSCRIPTION.c.publication_id == publication_id, SUBSCRIPTION.c.mailable)
        .order_by(SUBSCRIPTION.c.subscriber_id.desc())
        .limit(most)
    )
    return [PersonalRow(*row) for row in rows]


def find(
    session: Session, subscriber_id: int, publication_id: int
) -> tuple[Subscriber, Subscription]:
    """Fetch a reader and their subscription; raise UnknownReader, also for a tombstone."""
    return (
        _known_reader(session.get(Subscriber, subscriber_id)),
        _known(session.get(Subscription, _key(subscriber_id, publication_id))),
    )


def find_to_change(
    session: Session, subscriber_id: int, publication_id: int
) -> tuple[Subscriber, Subscription]:
    """Fetch a reader and their subscription as they are now, and keep others from changing them.

    The subscriber is locked first, as everywhere (`suppression.lock_reader`).
    """
    subscriber = session.get(
        Subscriber, subscriber_id, with_for_update=True, populate_existing=True
    )
    subscription = session.get(
        Subscription, _key(subscriber_id, publication_id), populate_existing=True
    )
    return _known_reader(subscriber), _known(subscription)


def find_by_key(session: Session, email_key: str) -> Subscriber | None:
    """Fetch the reader with an address key, if there is one."""
    return session.exec(select(Subscriber).where(col(Subscriber.email_key) == email_key)).first()


def find_by_key_to_change(session: Session, email_key: str) -> Subscriber | None:
    """Fetch the reader with an address key as they are now, and keep others from changing them."""
    wanted = select(Subscriber).where(col(Subscriber.email_key) == email_key).with_for_update()
    return session.exec(wanted.execution_options(populate_existing=True)).first()


def _key(subscriber_id: int, publication_id: int) -> dict[str, int]:
    return {"subscriber_id": subscriber_id, "publication_id": publication_id}


def _known_reader(subscriber: Subscriber | None) -> Subscriber:
    return _known(None if subscriber is None or subscriber.erased_at else subscriber)


def _known(row: Row | None) -> Row:
    if row is None:
        raise UnknownReader(
            "There is no such subscription. The reader may have been erased; they can sign up anew."
        )
    return row
