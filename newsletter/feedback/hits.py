"""The worker's duty on opens and clicks: person or machine, with consent or only counted.

A reader's hits are judged together once they have been quiet for 3 s, so that a scanner's burst
is seen whole. In the same transaction the hits are deleted: no user agent outlives its verdict,
and no IP address was ever stored.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, bindparam, case, delete, select, tuple_, update
from sqlmodel import Session

from newsletter.dispatch.models import DELIVERY
from newsletter.editions.models import Edition
from newsletter.editions.variants import allowed_tracking
from newsletter.feedback.events import DeliveryKey
from newsletter.feedback.models import EDITION_TALLY, HIT, LINK_READER
from newsletter.feedback.verdict import HitKind, Seen, Verdict, judge
from newsletter.publications import Publication
from subscribers.models import SUBSCRIBER, SUBSCRIPTION, Tracking
from subscribers.upsert import insert

QUIET_SECONDS = 3.0
STALE_SECONDS = 60.0
"""Who never goes quiet is judged after this."""
HITS = 1_000
"""Most hits looked at in one transaction: well under half a second."""
OPENED = ("opened_at", "machine_opened_at", "clicked_at")


@dataclass
class Findings:
    """What the hits of one transaction add up to."""

    deliveries: dict[DeliveryKey, dict[str, float | None]] = field(default_factory=dict)
    readers: dict[tuple[int, int, int], dict[str, Any]] = field(default_factory=dict)
    """(edition, link, subscriber) -> first_at, people, machine"""
    tally: Counter[tuple[int, str, int, bool]] = field(default_factory=Counter)
    """(edition, kind, link, by a person) -> hits of nobody in particular"""

    def count(self, edition_id: int, hit: Seen, verdict: Verdict) -> None:
        """Count a hit for the edition only."""
        self.tally[edition_id, hit.kind, hit.link or 0, verdict.is_person] += 1

    def link(self, key: DeliveryKey, hit: Seen, verdict: Verdict) -> None:
        """Note a hit of a reader who agreed to it. A person's click is a person's open, too."""
        times = self.deliveries.setdefault(key, dict.fromkeys(OPENED))
        if verdict.is_person:
            _note(times, "opened_at", hit.at)
        elif hit.kind == HitKind.OPEN:
            _note(times, "machine_opened_at", hit.at)
        if hit.kind == HitKind.CLICK:
            self._click(key, hit, verdict, times)

    def _click(
        self, key: DeliveryKey, hit: Seen, verdict: Verdict, times: dict[str, float | None]
    ) -> None:
        if verdict.is_person:
            _note(times, "clicked_at", hit.at)
        clicks = self.readers.setdefault(
            (key.edition_id, hit.link or 0, key.subscriber_id),
            {"first_at": hit.at, "people": 0, "machine": 0},
        )
        clicks["first_at"] = min(clicks["first_at"], hit.at)
        clicks["people" if verdict.is_person else "machine"] += 1


def _note(times: dict[str, float | None], column: str, at: float) -> None:
    known = times[column]
    times[column] = at if known is None else min(known, at)


def hits_are_due(session: Session, *, now: float) -> bool:
    """Whether there is anything to judge; asked without taking the write lock."""
    due = select(HIT.c.id).where(HIT.c.at <= now - QUIET_SECONDS).limit(1)
    return session.execute(due).first() is not None


def judge_hits(session: Session, *, now: float) -> int:
    """Judge what is due, of named readers and of those only counted; return how many hits.

    Any number of workers may do this at once: each holds the deliveries whose hits it judges.
    """
    findings = Findings()
    linked = _judge_linked(session, findings, now=now)
    counted = _judge_counted(session, findings, now=now)
    _write_deliveries(session, findings)
    _write_link_readers(session, findings)
    _write_tally(session, findings)
    return linked + counted


def _judge_linked(session: Session, findings: Findings, *, now: float) -> int:
    candidates = _candidates(session, now=now)
    deliveries = _hold(session, candidates)
    hits = _hits_of(session, list(deliveries))
    due = {key: rows for key, rows in hits.items() if _is_due(rows, now)}
    agreed = _agreed(session, due)
    for key, rows in due.items():
        delivery = deliveries[key]
        seen = [_seen(row) for row in rows]
        verdicts = judge(seen, arrived_at=delivery.delivered_at or delivery.accepted_at)
        for hit, verdict in zip(seen, verdicts, strict=True):
            if key in agreed and delivery.tracking == Tracking.LINKED:
                findings.link(key, hit, verdict)
            else:
                findings.count(key.edition_id, hit, verdict)
    ids = [row.id for rows in due.values() for row in rows]
    if ids:
        session.execute(delete(HIT).where(HIT.c.id.in_(ids)))
    return len(ids) + _forget_strays(session, candidates, deliveries)


def _candidates(session: Session, *, now: float) -> list[DeliveryKey]:
    """The deliveries of the oldest hits that might be due, in the order of their key."""
    oldest = (
        select(HIT.c.edition_id, HIT.c.subscriber_id)
        .where(HIT.c.subscriber_id.is_not(None), HIT.c.at <= now - QUIET_SECONDS)
        .order_by(HIT.c.at)
        .limit(HITS)
    )
    return sorted({DeliveryKey(*row) for row in session.execute(oldest)})


def _hold(session: Session, keys: Sequence[DeliveryKey]) -> dict[DeliveryKey, Row[Any]]:
    """Lock deliveries; those that somebody else holds are left to a later round."""
    held: dict[DeliveryKey, Row[Any]] = {}
    for edition_id, subscriber_ids in _by_edition(keys).items():
        rows = session.execute(
            select(
                DELIVERY.c.subscriber_id,
                DELIVERY.c.tracking,
                DELIVERY.c.accepted_at,
                DELIVERY.c.delivered_at,
            )
            .where(
                DELIVERY.c.edition_id == edition_id,
                DELIVERY.c.subscriber_id.in_(subscriber_ids),
            )
            .order_by(DELIVERY.c.subscriber_id)
            .with_for_update(skip_locked=True)
        )
        held.update((DeliveryKey(edition_id, row.subscriber_id), row) for row in rows)
    return held


def _hits_of(session: Session, keys: Sequence[DeliveryKey]) -> dict[DeliveryKey, list[Row[Any]]]:
    """Every hit of these deliveries, young ones too: a burst may reach beyond the quiet time."""
    hits: dict[DeliveryKey, list[Row[Any]]] = defaultdict(list)
    for edition_id, subscriber_ids in _by_edition(keys).items():
        rows = session.execute(
            select(HIT)
            .where(HIT.c.edition_id == edition_id, HIT.c.subscriber_id.in_(subscriber_ids))
            .order_by(HIT.c.at, HIT.c.id)
        )
        for row in rows:
            hits[DeliveryKey(edition_id, row.subscriber_id)].append(row)
    return hits


def _is_due(rows: Sequence[Row[Any]], now: float) -> bool:
    first, last = float(rows[0].at), float(rows[-1].at)
    return last <= now - QUIET_SECONDS or first <= now - STALE_SECONDS


def _seen(row: Row[Any]) -> Seen:
    return Seen(HitKind(row.kind), row.link, row.at, row.method, row.user_agent)


def _agreed(session: Session, keys: Iterable[DeliveryKey]) -> frozenset[DeliveryKey]:
    """Deliveries whose reader agrees, at this moment, to be known by name; nobody erased does.

    Consent can be taken back for mails already sent: what the mail was made with does not count.
    """
    agreed: set[DeliveryKey] = set()
    for edition_id, subscriber_ids in _by_edition(keys).items():
        publication = session.get_one(
            Publication, session.get_one(Edition, edition_id).publication_id
        )
        rows = session.execute(
            select(SUBSCRIPTION.c.subscriber_id, SUBSCRIPTION.c.tracking)
            .join(SUBSCRIBER, SUBSCRIBER.c.id == SUBSCRIPTION.c.subscriber_id)
            .where(
                SUBSCRIPTION.c.publication_id == publication.key,
                SUBSCRIPTION.c.subscriber_id.in_(subscriber_ids),
                SUBSCRIBER.c.erased_at.is_(None),
            )
        )
        agreed.update(
            DeliveryKey(edition_id, row.subscriber_id)
            for row in rows
            if allowed_tracking(row.tracking, publication.tracking) == Tracking.LINKED
        )
    return frozenset(agreed)


def _forget_strays(
    session: Session, candidates: Sequence[DeliveryKey], held: dict[DeliveryKey, Row[Any]]
) -> int:
    """Delete hits of test mails and previews, which have no delivery; return how many."""
    missing = [key for key in candidates if key not in held]
    if not missing:
        return 0
    place = tuple_(HIT.c.edition_id, HIT.c.subscriber_id)
    known = select(DELIVERY.c.subscriber_id).where(
        DELIVERY.c.edition_id == HIT.c.edition_id, DELIVERY.c.subscriber_id == HIT.c.subscriber_id
    )
    gone = session.execute(delete(HIT).where(place.in_(missing), ~known.exists()))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _judge_counted(session: Session, findings: Findings, *, now: float) -> int:
    """Judge hits that name no reader, each by itself."""
    due = (
        select(HIT.c.id)
        .where(HIT.c.subscriber_id.is_(None), HIT.c.at <= now - QUIET_SECONDS)
        .order_by(HIT.c.at)
        .limit(HITS)
        .with_for_update(skip_locked=True)
    )
    ids = session.execute(due).scalars().all()
    if not ids:
        return 0
    rows = session.execute(delete(HIT).where(HIT.c.id.in_(ids)).returning(HIT)).all()
    for row in rows:
        hit = _seen(row)
        findings.count(row.edition_id, hit, judge([hit], arrived_at=None)[0])
    return len(rows)


def _by_edition(keys: Iterable[DeliveryKey]) -> dict[int, list[int]]:
    editions: dict[int, list[int]] = defaultdict(list)
    for key in sorted(keys):
        editions[key.edition_id].append(key.subscriber_id)
    return editions


def _write_deliveries(session: Session, findings: Findings) -> None:
    """Set the first open and click; a hit that was flushed late may well be the first."""
    changes = [
        (column, {"edition": key.edition_id, "subscriber": key.subscriber_id, "first": at})
        for key, times in sorted(findings.deliveries.items())
        for column, at in times.items()
        if at is not None
    ]
    for column in OPENED:
        first = [change for name, change in changes if name == column]
        if first:
            session.execute(_FIRST[column], first)


_FIRST = {
    column: update(DELIVERY)
    .where(
        DELIVERY.c.edition_id == bindparam("edition"),
        DELIVERY.c.subscriber_id == bindparam("subscriber"),
        DELIVERY.c[column].is_(None) | (DELIVERY.c[column] > bindparam("first")),
    )
    .values({column: bindparam("first")})
    for column in OPENED
}


def _write_link_readers(session: Session, findings: Findings) -> None:
    rows = [
        {"edition_id": edition_id, "link": link, "subscriber_id": subscriber_id, **clicks}
        for (edition_id, link, subscriber_id), clicks in sorted(findings.readers.items())
    ]
    if not rows:
        return
    fresh = insert(session, LINK_READER)
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["edition_id", "link", "subscriber_id"],
            set_={
                "first_at": case(
                    (fresh.excluded.first_at < LINK_READER.c.first_at, fresh.excluded.first_at),
                    else_=LINK_READER.c.first_at,
                ),
                "people": LINK_READER.c.people + fresh.excluded.people,
                "machine": LINK_READER.c.machine + fresh.excluded.machine,
            },
        ),
        rows,
    )


def _write_tally(session: Session, findings: Findings) -> None:
    counts: dict[tuple[int, str, int], dict[str, int]] = defaultdict(
        lambda: {"people": 0, "machine": 0}
    )
    for (edition_id, kind, link, is_person), count in findings.tally.items():
        counts[edition_id, kind, link]["people" if is_person else "machine"] += count
    rows = [
        {"edition_id": edition_id, "kind": kind, "link": link, **numbers}
        for (edition_id, kind, link), numbers in sorted(counts.items())
    ]
    if not rows:
        return
    fresh = insert(session, EDITION_TALLY)
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["edition_id", "kind", "link"],
            set_={
                "people": EDITION_TALLY.c.people + fresh.excluded.people,
                "machine": EDITION_TALLY.c.machine + fresh.excluded.machine,
            },
        ),
        rows,
    )
