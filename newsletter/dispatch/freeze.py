"""Freeze: the audience of an edition, fixed in resumable chunks of set-based SQL.

One chunk is one transaction: lock the edition, read how far the freeze has come, insert the next
deliveries with batch and position, move on. Whoever is killed in between loses nothing and
repeats nothing. The last chunk lets the edition send.
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    column,
    func,
    insert,
    literal,
    select,
    values,
)
from sqlmodel import Session, col
from sqlmodel import select as select_model

from newsletter.database import db_now
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState, check_transition
from newsletter.editions.variants import Variant, current_issue, edition_topics
from newsletter.publications import Publication
from subscribers.models import SUBSCRIPTION


@dataclass(frozen=True)
class FreezePlan:
    """Which provider sends, and how large chunks (readers) and batches are."""

    provider: str
    batch_size: int = 1000
    chunk: int = 20_000


@dataclass(frozen=True)
class _Group:
    """Readers of one chunk who share tracking, muted topics and lane."""

    tracking: str
    muted: str
    lane: str
    count: int


@dataclass(frozen=True)
class _Range:
    """Subscriber ids of one chunk: after `above`, up to and including `upto`."""

    above: int
    upto: int
    last: bool


def freeze_chunk(session: Session, edition_id: int, plan: FreezePlan) -> bool:
    """Freeze the next readers; return whether the audience is complete.

    The edition must be approved and due: the caller has checked both in this transaction, which
    must see one moment (`transact(…, snapshot=True)`): between counting the readers and inserting
    them nobody may change groups, or they would be left out.
    """
    edition = session.exec(
        select_model(Edition).where(Edition.id == edition_id).with_for_update()
    ).one()
    if edition.state != EditionState.SCHEDULED:
        return True
    publication = session.get_one(Publication, edition.publication_id)
    ids = _next_range(session, edition, plan.chunk)
    variants = _variants(session, edition, publication, _groups(session, edition, ids))
    if variants:
        chunk = edition.frozen_upto or 0
        _add_batches(session, edition, plan, chunk, variants)
        _add_deliveries(session, edition, plan, chunk, ids, variants)
        edition.recipients += sum(group.count for group in variants)
    edition.frozen_upto = ids.upto
    if ids.last:
        check_transition(edition.name, edition.state, EditionState.SENDING)
        edition.state = EditionState.SENDING
        edition.frozen_at = edition.started_at = session.execute(select(db_now())).scalar_one()
    session.add(edition)
    return ids.last


def _next_range(session: Session, edition: Edition, chunk: int) -> _Range:
    above = edition.frozen_upto or 0
    room = chunk
    if edition.audience_limit is not None:
        room = min(chunk, edition.audience_limit - edition.recipients)
    ids = _audience(edition, above)
    upto = session.execute(
        select(func.max(ids.limit(max(room, 0)).subquery().c.subscriber_id))
    ).scalar()
    if upto is None:
        return _Range(above, above, last=True)
    more = session.execute(_audience(edition, upto).limit(1)).first()
    full = room < chunk
    return _Range(above, upto, last=more is None or full)


def _audience(edition: Edition, above: int) -> Select[int]:
    return (
        select(SUBSCRIPTION.c.subscriber_id)
        .where(
            SUBSCRIPTION.c.publication_id == edition.publication_id,
            SUBSCRIPTION.c.mailable.is_(True),
            SUBSCRIPTION.c.subscriber_id > above,
        )
        .order_by(SUBSCRIPTION.c.subscriber_id)
    )


def _in_range(edition: Edition, ids: _Range) -> ColumnElement[bool]:
    return and_(
        SUBSCRIPTION.c.publication_id == edition.publication_id,
        SUBSCRIPTION.c.mailable.is_(True),
        SUBSCRIPTION.c.subscriber_id > ids.above,
        SUBSCRIPTION.c.subscriber_id <= ids.upto,
    )


def _groups(session: Session, edition: Edition, ids: _Range) -> list[_Group]:
    keys = (SUBSCRIPTION.c.tracking, SUBSCRIPTION.c.muted, SUBSCRIPTION.c.lane)
    rows = session.execute(
        select(*keys, func.count()).where(_in_range(edition, ids)).group_by(*keys)
    )
    return [_Group(*row) for row in rows]


def _variants(
    session: Session, edition: Edition, publication: Publication, groups: list[_Group]
) -> dict[_Group, Variant]:
    topics = edition_topics(current_issue(session, edition)) if groups else frozenset()
    return {
        group: Variant.for_reader(
            group.tracking, group.muted, topics=topics, policy=publication.tracking
        )
        for group in groups
    }


def _add_batches(
    session: Session,
    edition: Edition,
    plan: FreezePlan,
    chunk: int,
    variants: dict[_Group, Variant],
) -> None:
    sizes: dict[tuple[str, str], int] = defaultdict(int)
    for group, variant in variants.items():
        sizes[variant.key, group.lane] += group.count
    rows = [
        {
            "edition_id": edition.key,
            "chunk": chunk,
            "variant": variant,
            "lane": lane,
            "ordinal": ordinal,
            "provider": plan.provider,
            "state": BatchState.READY,
            "due_at": edition.scheduled_at or 0.0,
            "attempt": 0,
            "size": min(plan.batch_size, size - ordinal * plan.batch_size),
            "handed_to": 0,
        }
        for (variant, lane), size in sorted(sizes.items())
        for ordinal in range(-(-size // plan.batch_size))
    ]
    session.execute(insert(BATCH), rows)


def _add_deliveries(
    session: Session,
    edition: Edition,
    plan: FreezePlan,
    chunk: int,
    ids: _Range,
    variants: dict[_Group, Variant],
) -> None:
    """Give every reader of the chunk a batch, found by its unique key, and a position."""
    readers = _placed_readers(edition, ids, variants)
    batch = select(BATCH.c.id).where(
        BATCH.c.edition_id == edition.key,
        BATCH.c.chunk == chunk,
        BATCH.c.variant == readers.c.variant,
        BATCH.c.lane == readers.c.lane,
        # As an integer: PostgreSQL's floor() gives a double, for which the unique key is of no use,
        # and every reader would be compared with all batches of the edition.
        BATCH.c.ordinal == (readers.c.place // plan.batch_size).cast(Integer),
    )
    row = {
        "edition_id": literal(edition.key),
        "subscriber_id": readers.c.subscriber_id,
        "batch_id": batch.scalar_subquery(),
        "position": (readers.c.place % plan.batch_size).cast(Integer),
        "state": literal(DeliveryState.QUEUED.value),
        "tracking": readers.c.allowed,
        "assumed": literal(value=False),
    }
    placed = select(*row.values()).order_by(readers.c.subscriber_id)
    session.exec(insert(DELIVERY).from_select(list(row), placed))


def _placed_readers(edition: Edition, ids: _Range, variants: dict[_Group, Variant]) -> Subquery:
    """Each reader of the chunk with lane, variant, and the place among those who share them."""
    wishes = _wishes(variants)
    place = func.row_number().over(
        partition_by=(wishes.c.variant, SUBSCRIPTION.c.lane), order_by=SUBSCRIPTION.c.subscriber_id
    )
    same_wish = and_(
        wishes.c.tracking == SUBSCRIPTION.c.tracking, wishes.c.muted == SUBSCRIPTION.c.muted
    )
    return (
        select(
            SUBSCRIPTION.c.subscriber_id,
            SUBSCRIPTION.c.lane,
            wishes.c.variant,
            wishes.c.allowed,
            (place - 1).label("place"),
        )
        .join(wishes, same_wish)
        .where(_in_range(edition, ids))
        .subquery()
    )


def _wishes(variants: dict[_Group, Variant]) -> CTE:
    """(tracking, muted) -> variant key and the tracking that it allows, as a table."""
    rows = {
        (group.tracking, group.muted, variant.key, variant.tracking)
        for group, variant in variants.items()
    }
    return (
        values(
            column("tracking", String),
            column("muted", String),
            column("variant", String),
            column("allowed", String),
            name="wishes",
        )
        .data(sorted(rows))
        .cte("wishes")
    )


def next_due(session: Session) -> Edition | None:
    """Return the scheduled edition that is due first by the database's clock."""
    return session.exec(
        select_model(Edition)
        .where(Edition.state == EditionState.SCHEDULED, col(Edition.scheduled_at) <= db_now())
        .order_by(col(Edition.scheduled_at))
        .with_for_update(skip_locked=True)
        .limit(1)
    ).first()
