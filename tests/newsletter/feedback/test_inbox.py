"""Requests are kept until they are read, and none stops another."""

import json
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from newsletter.database import Database
from newsletter.errors import DatabaseError
from newsletter.feedback.duty import work_feedback, work_off_inbox
from newsletter.feedback.effects import Aftermath, take_effect
from newsletter.feedback.events import NormalEvent
from newsletter.feedback.inbox import (
    EVENTS,
    MOST_ATTEMPTS,
    PERSONAL_WEIGHT,
    READERS,
    receive,
    work_inbox,
)
from newsletter.feedback.models import EVENT, InboxItem
from tests.newsletter.feedback.mailed import NOW, Mailed, event, hard_bounce


def receive_raw(database: Database, body: bytes, *, provider: str = "sendgrid") -> None:
    with database.writing() as session:
        receive(session, provider, body, now=NOW)


def items(database: Database) -> list[InboxItem]:
    with database.reading() as session:
        return list(session.scalars(select(InboxItem).order_by(InboxItem.id)))  # type: ignore[arg-type]


def stored_events(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(select(func.count()).select_from(EVENT)).scalar_one())


def test_a_request_is_kept_as_it_came(database: Database) -> None:
    body = b'[{"event":"delivered"}]\r\n'

    receive_raw(database, body)

    (item,) = items(database)
    assert (item.body, item.received_at, item.processed_at) == (body, NOW, None)


def test_with_nothing_to_do_nothing_is_done(database: Database) -> None:
    assert work_feedback(database, now=NOW) == 0


@pytest.mark.parametrize(
    ("provider", "body"), [("sendgrid", b"[not json"), ("nobody", b"[]"), ("sendgrid", b"{}")]
)
def test_an_unreadable_body_is_kept_with_its_error_and_not_tried_again(
    mailed: Mailed, provider: str, body: bytes
) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    receive_raw(mailed.database, body, provider=provider)

    mailed.post(event(edition_id, reader, "delivered"))

    bad, good = items(mailed.database)
    assert bad.body == body
    assert bad.error
    assert bad.processed_at == NOW
    assert (good.error, good.processed_at) == (None, NOW)
    assert mailed.delivery(edition_id, reader).state == "delivered"
    assert work_feedback(mailed.database, now=NOW) == 0


def test_a_body_that_trips_us_up_is_set_aside_and_the_others_are_read(
    mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = mailed.readers(3)
    edition_id = mailed.edition(readers)

    def trip(session: Session, events: Sequence[NormalEvent], *, now: float) -> Aftermath:
        effect = take_effect(session, events, now=now)
        if any(one.raw.get("poison") for one in events):
            raise ZeroDivisionError("a bug of ours")
        return effect

    monkeypatch.setattr("newsletter.feedback.inbox.take_effect", trip)
    for number, reader in enumerate(readers):
        one = event(edition_id, reader, "delivered", poison=number == 1)
        receive_raw(mailed.database, json.dumps([one]).encode())

    mailed.work()

    errors = [item.error for item in items(mailed.database)]
    assert errors == [None, "ZeroDivisionError: a bug of ours", None]
    states = [mailed.delivery(edition_id, reader).state for reader in readers]
    assert states == ["delivered", "accepted", "delivered"]


def test_a_body_that_defeats_its_reader_is_set_aside(
    mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(*_: object, **__: object) -> list[NormalEvent]:
        raise RecursionError("too deep")

    monkeypatch.setattr("newsletter.feedback.inbox.READERS", {**READERS, "mail": trip})
    receive_raw(mailed.database, b"[]", provider="mail")
    receive_raw(mailed.database, b"[]")

    mailed.work()

    assert [item.error for item in items(mailed.database)] == ["RecursionError: too deep", None]


def test_a_body_is_read_while_others_may_write(
    mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []

    def read_and_write(body: bytes, *, received_at: float) -> list[NormalEvent]:
        assert received_at == NOW
        writer = threading.Thread(target=receive_raw, args=(mailed.database, b"[]"))
        writer.start()
        writer.join(timeout=5.0)
        assert not writer.is_alive()
        read.append(body)
        return []

    monkeypatch.setattr("newsletter.feedback.inbox.READERS", {**READERS, "slow": read_and_write})
    receive_raw(mailed.database, b"!", provider="slow")

    mailed.work()

    assert read == [b"!"]
    assert len(items(mailed.database)) == 2


def test_a_body_at_which_the_database_fails_each_time_stops_the_others_not_at_all(
    mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as by a statement that takes longer than the server lets it."""
    readers = mailed.readers(3)
    edition_id = mailed.edition(readers)

    def fail(session: Session, events: Sequence[NormalEvent], *, now: float) -> Aftermath:
        if any(one.raw.get("poison") for one in events):
            raise OperationalError("SELECT", {}, Exception("terminating connection"))
        return take_effect(session, events, now=now)

    monkeypatch.setattr("newsletter.feedback.inbox.take_effect", fail)
    for number, reader in enumerate(readers):
        one = event(edition_id, reader, "delivered", poison=number == 0)
        receive_raw(mailed.database, json.dumps([one]).encode())

    work_inbox(mailed.database, now=NOW)
    assert [item.processed_at for item in items(mailed.database)] == [None, NOW, NOW]
    for _ in range(MOST_ATTEMPTS - 1):
        work_inbox(mailed.database, now=NOW)

    bad = items(mailed.database)[0]
    assert bad.processed_at == NOW
    assert "terminating connection" in (bad.error or "")
    assert work_inbox(mailed.database, now=NOW) == 0
    states = [mailed.delivery(edition_id, reader).state for reader in readers]
    assert states == ["accepted", "delivered", "delivered"]


def test_while_the_database_is_away_nothing_is_held_against_a_body(
    mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive_raw(mailed.database, b"[]")

    def away(*_: object, **__: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "transact", away)
        for _ in range(MOST_ATTEMPTS):
            with pytest.raises(DatabaseError):
                work_inbox(mailed.database, now=NOW)

    mailed.work()
    (item,) = items(mailed.database)
    assert (item.attempts, item.error, item.processed_at) == (0, None, NOW)


def test_an_empty_request_is_read(database: Database) -> None:
    receive_raw(database, b"[]")

    work_off_inbox(database, now=NOW)

    assert items(database)[0].processed_at == NOW


def test_a_long_request_is_worked_through_in_several_transactions(mailed: Mailed) -> None:
    readers = mailed.readers(EVENTS * 2 + 1)
    edition_id = mailed.edition(readers)
    body = json.dumps([event(edition_id, reader, "delivered") for reader in readers]).encode()
    receive_raw(mailed.database, body)

    work_inbox(mailed.database, now=NOW)
    (item,) = items(mailed.database)
    assert (item.done, item.processed_at) == (EVENTS, None)
    assert stored_events(mailed.database) == EVENTS

    work_off_inbox(mailed.database, now=NOW)
    (item,) = items(mailed.database)
    assert (item.done, item.processed_at) == (len(readers), NOW)
    assert stored_events(mailed.database) == len(readers)


def test_readers_whose_mail_ends_make_a_transaction_full_sooner(mailed: Mailed) -> None:
    readers = mailed.readers(60)
    edition_id = mailed.edition(readers)
    body = json.dumps([hard_bounce(edition_id, reader) for reader in readers]).encode()
    receive_raw(mailed.database, body)

    work_inbox(mailed.database, now=NOW)
    assert items(mailed.database)[0].done == EVENTS // PERSONAL_WEIGHT

    work_off_inbox(mailed.database, now=NOW)
    assert len(mailed.suppressions()) == 60


def test_every_edition_that_bounced_is_looked_at_also_where_one_look_fails(
    mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = mailed.readers(2)
    editions = [mailed.edition(readers[:1]), mailed.edition(readers[1:], day=1)]
    looked_at = []

    def fail(_: Session, edition_id: int, **__: float) -> None:
        looked_at.append(edition_id)
        raise LookupError(edition_id)

    monkeypatch.setattr("newsletter.feedback.inbox.bounce_brake", fail)
    with pytest.raises(LookupError):
        mailed.post(*map(hard_bounce, editions, readers))

    assert sorted(looked_at) == editions


def test_two_workers_at_once_count_everything_once(mailed: Mailed) -> None:
    readers = mailed.readers(300)
    edition_id = mailed.edition(readers)
    events = [event(edition_id, reader, "delivered") for reader in readers]
    for start in range(0, 300, 10):
        body = json.dumps(events[start : start + 10]).encode()
        receive_raw(mailed.database, body)
        receive_raw(mailed.database, body)

    workers = [
        threading.Thread(target=work_off_inbox, args=(mailed.database,), kwargs={"now": NOW})
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work_off_inbox(mailed.database, now=NOW)

    assert stored_events(mailed.database) == 300
    assert all(item.error is None for item in items(mailed.database))
    states = {mailed.delivery(edition_id, reader).state for reader in readers}
    assert states == {"delivered"}
