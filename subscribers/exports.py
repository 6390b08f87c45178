"""Readers out: a publication's as CSV that imports again to the same state."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, select
from sqlmodel import Session

from subscribers.columns import Field
from subscribers.fields import NO_SUBSCRIPTION
from subscribers.models import SUBSCRIBER, SUBSCRIPTION, SUPPRESSION, Tracking

PAGE = 5_000
COLUMNS = (
    Field.EMAIL, Field.NAME, Field.STATE, Field.SUPPRESSED, Field.TRACKING, Field.MUTED,
    Field.LANGUAGE, Field.TIME_ZONE, Field.TAGS, Field.ATTRIBUTES, Field.CREATED,
    Field.CONFIRMED, Field.PAUSED_UNTIL, Field.ENDED, Field.END_REASON,
)  # fmt: skip
_CONSENT = {Tracking.LINKED.value: "yes", Tracking.OFF.value: "no", Tracking.COUNTED.value: ""}


def export_csv(session: Session, publication_id: int) -> Iterator[str]:
    """Yield a publication's readers as CSV text, a page at a time, the header first.

    Pending and unsubscribed ones are in it, and so are suppressed addresses without a
    subscription: who reads the file elsewhere must not write to them. Pages are found by key,
    so that size doesn't matter and no transaction needs to stay open.
    """
    yield _csv([COLUMNS])
    after = 0
    while page := session.connection().execute(_subscribed(session, publication_id, after)).all():
        after = page[-1][0]
        yield _csv(_line(row) for row in page)
    after = 0
    while page := session.execute(_only_suppressed(publication_id, after)).all():
        after = page[-1].id
        yield _csv(_suppressed_line(row.email_key, row.reason) for row in page)


_SUPPRESSED = and_(
    SUPPRESSION.c.email_key == SUBSCRIBER.c.email_key, SUPPRESSION.c.lifted_at.is_(None)
)


def _subscribed(session: Session, publication_id: int, after: int) -> Any:
    """A page of readers in the order of their ids, along the primary key of subscriptions."""
    person, subscription = SUBSCRIBER.c, SUBSCRIPTION.c
    publication: ColumnElement[int] = subscription.publication_id
    if session.get_bind().dialect.name == "sqlite":
        # The sum keeps it from the audience's index, by which it would sort everybody for a page.
        publication = publication + 0
    return (
        select(
            person.id, person.email, person.name, subscription.state, SUPPRESSION.c.reason,
            subscription.tracking, subscription.muted, person.language, person.time_zone,
            cast(person.tags, Text), cast(person.attributes, Text), subscription.created_at,
            subscription.confirmed_at, subscription.paused_until, subscription.ended_at,
            subscription.end_reason,
        )
        .join_from(SUBSCRIPTION, SUBSCRIBER, subscription.subscriber_id == person.id)
        .outerjoin(SUPPRESSION, _SUPPRESSED)
        .where(
            publication == publication_id,
            subscription.subscriber_id > after,
            person.id > after,  # said of both, or PostgreSQL reads one of them from the beginning
            person.erased_at.is_(None),
        )
        .order_by(subscription.subscriber_id)
        .limit(PAGE)
    )  # fmt: skip


def _only_suppressed(publication_id: int, after: int) -> Select[int, str, str]:
    subscribed = exists().where(
        SUBSCRIBER.c.email_key == SUPPRESSION.c.email_key,
        SUBSCRIPTION.c.subscriber_id == SUBSCRIBER.c.id,
        SUBSCRIPTION.c.publication_id == publication_id,
    )
    return (
        select(SUPPRESSION.c.id, SUPPRESSION.c.email_key, SUPPRESSION.c.reason)
        .where(
            SUPPRESSION.c.lifted_at.is_(None),
            SUPPRESSION.c.email_key.contains("@"),  # of somebody erased there is a hash only
            SUPPRESSION.c.id > after,
            ~subscribed,
        )
        .order_by(SUPPRESSION.c.id)
        .limit(PAGE)
    )


def _line(row: Any) -> Sequence[str]:
    (_, email, name, state, reason, tracking, muted, language, time_zone, tags, attributes,
     created, confirmed, paused, ended, end_reason) = row  # fmt: skip
    return (
        email,
        name,
        state,
        reason or "",
        _CONSENT[tracking],
        muted,
        language,
        time_zone,
        "" if tags == "[]" else tags,
        "" if attributes == "{}" else attributes,
        iso(created),
        iso(confirmed),
        iso(paused),
        iso(ended),
        end_reason,
    )


def _suppressed_line(email: str, reason: str) -> Sequence[str]:
    known = {Field.EMAIL: email, Field.STATE: NO_SUBSCRIPTION, Field.SUPPRESSED: reason}
    return [known.get(column, "") for column in COLUMNS]


@lru_cache(maxsize=10_000)
def iso(seconds: float | None) -> str:
    """Write a time as ISO 8601 in UTC; nothing for None. Many readers share a date."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _csv(lines: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue()
