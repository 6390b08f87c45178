"""What happened to a reader: noted here where no other table tells it, and told newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from subscribers import person
from subscribers.bulk_insert import BulkInsert
from subscribers.models import HAPPENING, ConsentRecord, Happening, Subscriber, Subscription


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a reader's timeline."""

    at: float
    what: str
    publication_id: int | None
    source: str
    note: str


def note(
    session: Session,
    subscriber_id: int,
    publication_id: int | None,
    what: str,
    *,
    now: float,
    source: str,
    note: str = "",
) -> None:
    """Remember that something happened."""
    whose = subscriber_id, publication_id
    note_all(session, [happening(*whose, what, now=now, source=source, note=note)])


def note_all(session: Session, happenings: Sequence[dict[str, object]]) -> None:
    """Remember what happened to any number of readers."""
    _ADD.run(session, happenings)


_ADD = BulkInsert(HAPPENING, ("subscriber_id", "publication_id", "at", "what", "source", "note"))


def happening(
    subscriber_id: int,
    publication_id: int | None,
    what: str,
    *,
    now: float,
    source: str,
    note: str = "",
) -> dict[str, object]:
    """What is to be remembered of one reader."""
    return {
        "subscriber_id": subscriber_id,
        "publication_id": publication_id,
        "at": now,
        "what": what,
        "source": source,
        "note": note,
    }


def keep_import(session: Session, subscription: Subscription) -> None:
    """Remember the import that a subscription stood on, before it points at another record.

    An import's consent is one record for all its readers, found by that pointer only.
    """
    record = (
        session.get(ConsentRecord, subscription.consent_id) if subscription.consent_id else None
    )
    if record is not None and record.subscriber_id is None:
        told = _consent(record)
        note(
            session,
            subscription.subscriber_id,
            subscription.publication_id,
            told.what,
            now=told.at,
            source=told.source,
            note=told.note,
        )


def timeline(session: Session, subscriber_id: int) -> tuple[Told, ...]:
    """Tell what happened to a reader, newest first; raises UnknownReader.

    Of what happened at once, what was stored later comes first.
    """
    reader = person.find(session, subscriber_id)
    told = [
        *_beginning(reader),
        *_happenings(session, subscriber_id),
        *map(_consent, person.consents(session, subscriber_id)),
        *_suppressions(session, reader),
    ]
    return newest_first(told)


def newest_first(told: list[Told]) -> tuple[Told, ...]:
    """Order a timeline; of what happened at once, what stands later in the list comes first."""
    by_age = sorted(enumerate(told), key=lambda numbered: (numbered[1].at, numbered[0]))
    return tuple(one for _, one in reversed(by_age))


def _beginning(reader: Subscriber) -> list[Told]:
    return [Told(reader.created_at, "first known", None, "", "")]


def _happenings(session: Session, subscriber_id: int) -> list[Told]:
    rows = session.exec(
        select(Happening)
        .where(col(Happening.subscriber_id) == subscriber_id)
        .order_by(col(Happening.at), col(Happening.id))
    )
    return [Told(row.at, row.what, row.publication_id, row.source, row.note) for row in rows]


def _consent(record: ConsentRecord) -> Told:
    act = "granted" if record.granted else "withdrawn"
    what = f"consent to {record.kind} {act}"
    return Told(record.at, what, record.publication_id, record.source, record.note)


def _suppressions(session: Session, reader: Subscriber) -> list[Told]:
    told = []
    for one in person.suppressions(session, reader):
        told.append(Told(one.created_at, f"do not mail: {one.reason}", None, one.source, one.note))
        if one.lifted_at is not None:
            what = f"may be mailed again: {one.reason} lifted"
            told.append(Told(one.lifted_at, what, None, one.lifted_by, ""))
    return told
