"""What is kept for a time only is forgotten when that is over, and nothing sooner."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import SQLModel, col, select

from newsletter.database import Database
from newsletter.dispatch.models import Notice
from newsletter.dispatch.queue import queue_notice
from newsletter.feedback.duty import work_feedback
from newsletter.feedback.inbox import receive
from newsletter.feedback.models import Event, Hit, InboxItem
from newsletter.privacy.retention import CHUNK, Retention, forget
from newsletter.settings import Settings
from newsletter.worker import keep_house
from subscribers import signup
from subscribers.models import (
    ConsentRecord,
    Happening,
    ImportRun,
    Subscriber,
    Subscription,
    Throttle,
)
from subscribers.signup import Request, SignupPolicy
from tests.newsletter.privacy.house import DAY, NOW, hash_of, report_bounce, subscribe
from tests.subscribers.readers import Readers

BOB = "bob@example.org"


def forget_all(database: Database, *, now: float, **settings: Any) -> None:
    retention = Retention.of(Settings(**settings))
    while forget(database, retention, now=now):
        pass


def count(database: Database, table: type[SQLModel]) -> int:
    with database.reading() as session:
        return int(session.exec(select(func.count()).select_from(table)).one())


def ask(database: Database, publication_id: int, *, now: float = NOW) -> signup.MailToSend:
    def work(session: Any) -> signup.MailToSend:
        asked = Request(email=BOB, source="form")
        answer = signup.request(
            session, publication_id, asked, SignupPolicy(), hash_of=hash_of, now=now
        )
        assert answer.mail is not None
        queue_notice(
            session, publication_id=publication_id, kind="confirm", email=BOB, now=now,
            subscriber_id=answer.mail.subscriber_id,
        )  # fmt: skip
        return answer.mail

    return database.transact(work)


@pytest.mark.parametrize(("days", "left"), [(0.0, 0), (2.0, 1)])
def test_a_webhook_is_kept_as_long_as_the_setting_says(
    database: Database, publication_id: int, days: float, left: int
) -> None:
    database.transact(lambda session: report_bounce(session, BOB, f"{publication_id}-1"))
    forget_all(database, now=NOW + DAY, keep_webhooks=days)
    assert count(database, InboxItem) == 1  # nobody has read it yet
    work_feedback(database, now=NOW)

    forget_all(database, now=NOW + DAY, keep_webhooks=days)

    assert count(database, InboxItem) == left


def test_a_webhook_that_nobody_could_read_stays_for_the_operator(database: Database) -> None:
    database.transact(lambda session: receive(session, "sendgrid", b"[oh", now=NOW))
    work_feedback(database, now=NOW)
    forget_all(database, now=NOW + 29 * DAY)
    assert count(database, InboxItem) == 1
    forget_all(database, now=NOW + 31 * DAY)
    assert count(database, InboxItem) == 0


def test_events_go_after_their_time_many_at_a_time(database: Database) -> None:
    def store(session: Any) -> None:
        for number in range(CHUNK + 3):
            at = NOW + (40 * DAY if number == CHUNK else 0)
            session.add(
                Event(provider="p", content_key=str(number), kind="delivered", at=at, raw={})
            )

    database.transact(store)
    forget_all(database, now=NOW + 41 * DAY, keep_events=31)
    assert count(database, Event) == 1


def test_events_from_the_future_keep_no_others_from_going(database: Database) -> None:
    def store(session: Any) -> None:
        for number in range(CHUNK + 1):
            at = NOW if number == CHUNK else NOW + 4000 * DAY
            session.add(
                Event(provider="p", content_key=str(number), kind="delivered", at=at, raw={})
            )

    database.transact(store)
    forget_all(database, now=NOW + 41 * DAY, keep_events=31)
    assert count(database, Event) == CHUNK


def test_small_mails_go_once_they_are_sent_or_given_up(
    database: Database, publication_id: int
) -> None:
    def store(session: Any) -> None:
        for state in ("queued", "leased", "sent", "failed"):
            notice = Notice(publication_id=publication_id, kind="confirm", email=BOB, state=state,
                            due_at=NOW, created_at=NOW)  # fmt: skip
            session.add(notice)

    database.transact(store)
    forget_all(database, now=NOW + 29 * DAY)
    assert count(database, Notice) == 4
    forget_all(database, now=NOW + 31 * DAY)
    with database.reading() as session:
        left = session.exec(select(Notice.state).order_by(col(Notice.id))).all()
    assert left == ["queued", "leased"]


def test_a_consent_stays_without_its_network_address(
    database: Database, publication_id: int
) -> None:
    database.transact(lambda session: subscribe(session, publication_id, BOB))
    with database.reading() as session:
        before = session.exec(select(ConsentRecord)).one().model_dump()
    forget_all(database, now=NOW + 29 * DAY)
    forget_all(database, now=NOW + 31 * DAY)
    with database.reading() as session:
        after = session.exec(select(ConsentRecord)).one().model_dump()
    assert before["ip"] == "192.0.2.7"
    assert after == {**before, "ip": ""}


def test_a_sign_up_that_nobody_confirmed_is_forgotten_with_all_that_came_of_it(
    database: Database, publication_id: int
) -> None:
    ask(database, publication_id)
    forget_all(database, now=NOW + 29 * DAY)
    assert count(database, Subscriber) == 1

    forget_all(database, now=NOW + 31 * DAY)

    tables = (Subscriber, Subscription, Notice, Happening, Throttle)
    assert [count(database, table) for table in tables] == [0, 0, 0, 0, 0]


def test_nobody_inherits_the_number_of_a_reader_forgotten(
    database: Database, publication_id: int
) -> None:
    """Their links carry it, and work for a day."""
    forgotten = ask(database, publication_id).subscriber_id
    forget_all(database, now=NOW + 31 * DAY)

    assert ask(database, publication_id, now=NOW + 32 * DAY).subscriber_id > forgotten


def test_an_import_gives_nobody_the_number_of_a_reader_forgotten(
    database: Database, publication_id: int, tmp_path: Path
) -> None:
    readers = Readers(database, publication_id, tmp_path)
    forgotten = ask(database, publication_id).subscriber_id
    forget_all(database, now=NOW + 31 * DAY)

    readers.bring_in("email\nann@example.org\ncal@example.org\n")

    with database.reading() as session:
        numbers = [reader.id or 0 for reader in session.exec(select(Subscriber))]
    assert len(numbers) == 2
    assert min(numbers) > forgotten


def test_a_forgotten_readers_bounces_and_hits_go_with_them(
    database: Database, publication_id: int
) -> None:
    reader = ask(database, publication_id).subscriber_id
    database.transact(lambda session: report_bounce(session, BOB, "notice"))
    work_feedback(database, now=NOW)
    hit = Hit(kind="open", edition_id=1, subscriber_id=reader, at=NOW, method="GET", user_agent="m")
    database.transact(lambda session: session.add(hit))
    assert (count(database, Event), count(database, Hit)) == (1, 1)

    forget_all(database, now=NOW + 31 * DAY, keep_events=400)

    assert (count(database, Event), count(database, Hit)) == (0, 0)


def test_a_sign_up_that_was_repeated_counts_from_the_last_time(
    database: Database, publication_id: int
) -> None:
    ask(database, publication_id)
    again = ask(database, publication_id, now=NOW + 20 * DAY)
    forget_all(database, now=NOW + 31 * DAY)
    assert count(database, Subscription) == 1
    assert again.subscriber_id


def test_who_confirmed_or_left_is_not_forgotten(database: Database, publication_id: int) -> None:
    database.transact(lambda session: subscribe(session, publication_id, BOB))
    forget_all(database, now=NOW + 4000 * DAY)
    assert count(database, Subscriber) == 1
    assert count(database, Subscription) == 1


def test_somebody_who_reads_another_publication_loses_only_the_request(
    database: Database, publication_id: int
) -> None:
    reader = database.transact(lambda session: subscribe(session, publication_id, BOB))
    other = publication_id + 1

    def want(session: Any) -> None:
        session.add(
            Subscription(subscriber_id=reader, publication_id=other, source="form", created_at=NOW)
        )

    database.transact(want)
    forget_all(database, now=NOW + 31 * DAY)
    with database.reading() as session:
        assert session.exec(select(Subscription.publication_id)).all() == [publication_id]
        assert session.get_one(Subscriber, reader).email == BOB


def test_pending_readers_of_an_import_stay(database: Database, publication_id: int) -> None:
    def bring(session: Any) -> None:
        reader = Subscriber(email=BOB, email_key=BOB, created_at=NOW)
        session.add(reader)
        session.flush()
        assert reader.id is not None
        session.add(
            Subscription(
                subscriber_id=reader.id, publication_id=publication_id, source="import",
                created_at=NOW,
            )
        )  # fmt: skip

    database.transact(bring)
    ask(database, publication_id)  # as any stranger may
    forget_all(database, now=NOW + 4000 * DAY)
    assert count(database, Subscription) == 1


def test_an_imports_run_goes_and_its_consent_stays(database: Database, publication_id: int) -> None:
    def bring(session: Any) -> None:
        for finished in (NOW, None):
            run = ImportRun(publication_id=publication_id, fingerprint="f", done=[0], started_at=NOW,
                            finished_at=finished)  # fmt: skip
            session.add(run)
        session.add(
            ConsentRecord(publication_id=publication_id, kind="mail", granted=True, at=NOW,
                          source="import")
        )  # fmt: skip

    database.transact(bring)
    forget_all(database, now=NOW + 31 * DAY)
    assert count(database, ImportRun) == 0
    assert count(database, ConsentRecord) == 1


def test_the_workers_housekeeping_does_it(database: Database) -> None:
    def store(session: Any) -> None:
        session.add_all(
            Throttle(key=f"key {number}", window_start=NOW, count=1, expires_at=NOW + 60)
            for number in range(CHUNK + 1)
        )

    database.transact(store)
    retention = Retention.of(Settings())
    assert keep_house(database, retention, now=NOW + 61)
    assert count(database, Throttle) == 1  # a chunk at a time
    assert keep_house(database, retention, now=NOW + 61)
    assert not keep_house(database, retention, now=NOW + 61)
