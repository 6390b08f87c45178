"""Whoever is erased is erased from the whole house: no table holds their address any more."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlmodel import Session, select

from newsletter.accounts.models import AuditEntry
from newsletter.database import Database
from newsletter.dispatch.models import Delivery, Notice
from newsletter.feedback.duty import work_feedback
from newsletter.feedback.effects import take_effect
from newsletter.feedback.events import BounceKind, EventKind, NormalEvent
from newsletter.feedback.models import Event
from newsletter.privacy.erasure import empty_webhooks, erase_person
from newsletter.privacy.retention import Retention, forget
from newsletter.settings import Settings
from subscribers.consent import Agreement
from subscribers.errors import UnknownReader
from subscribers.models import Subscription, SuppressionReason, Tracking
from subscribers.suppression import suppress
from tests.newsletter.privacy.house import (
    NOW,
    deliver,
    everything,
    hash_of,
    report_bounce,
    subscribe,
)

ADA, BOB = "Ada.L@example.org", "bob@example.org"
TRACES = ("ada.l", "lovelace", "192.0.2.7")
THEMSELVES = Agreement("page", note="ada.l asked for it by telephone")

Act = Callable[[Session], None]


@pytest.fixture
def ada(database: Database, publication_id: int) -> int:
    """A reader who left traces everywhere."""

    def live(session: Session) -> int:
        reader = subscribe(session, publication_id, ADA)
        edition = deliver(session, publication_id, reader, reason=None)
        report_bounce(session, ADA, f"{edition}-{reader}")
        report_bounce(session, ADA.upper(), "", now=NOW + 1)
        suppress(
            session, ADA.lower(), SuppressionReason.SOFT_BOUNCES, now=NOW, note=f"<{ADA}> is full"
        )
        return reader

    number = database.transact(live)
    while work_feedback(database, now=NOW):
        pass
    return number


def erase(database: Database, reader: int) -> None:
    work = partial(
        erase_person, subscriber_id=reader, act=THEMSELVES, by="desk", hash_of=hash_of, now=NOW
    )
    empty_webhooks(database, database.transact(work))


def test_no_table_holds_anything_of_somebody_erased(database: Database, ada: int) -> None:
    before = everything(database)
    assert all(trace in before for trace in TRACES)

    erase(database, ada)

    after = everything(database)
    assert [trace for trace in TRACES if trace in after] == []
    assert hash_of(ADA.lower()) in after  # what keeps imports from bringing them back


def test_the_figures_of_sent_editions_stay(database: Database, ada: int) -> None:
    erase(database, ada)

    with database.reading() as session:
        [delivery] = session.exec(select(Delivery)).all()
        events = session.exec(select(Event)).all()
    assert (delivery.subscriber_id, delivery.reason) == (ada, "5.2.2")
    assert {(event.kind, event.code) for event in events} == {("bounced", "5.2.2")}


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("550 5.1.1 <Ada.L@example.org>: unknown", "550 5.1.1"),
        ("550 no Ada.L here", "550"),
        ("Ada.L has moved", None),
        ("suppressed", "suppressed"),
        ("5.2.2", "5.2.2"),
    ],
)
def test_of_a_servers_words_the_codes_stay(
    database: Database, publication_id: int, words: str, kept: str | None
) -> None:
    def live(session: Session) -> int:
        reader = subscribe(session, publication_id, ADA)
        deliver(session, publication_id, reader, reason=words)
        return reader

    erase(database, database.transact(live))
    with database.reading() as session:
        assert session.exec(select(Delivery.reason)).all() == [kept]


def test_nothing_of_others_is_touched(database: Database, publication_id: int, ada: int) -> None:
    database.transact(lambda session: subscribe(session, publication_id, BOB))
    erase(database, ada)

    with database.reading() as session:
        assert [notice.email for notice in session.exec(select(Notice))] == [BOB]
    assert BOB in everything(database)


def test_the_audit_log_names_a_number_and_no_address(database: Database, ada: int) -> None:
    erase(database, ada)

    with database.reading() as session:
        [entry] = session.exec(select(AuditEntry)).all()
    assert (entry.actor, entry.act, entry.subject) == (
        "desk", "subscriber.erase", f"subscriber {ada}",
    )  # fmt: skip


def test_nobody_is_erased_twice(database: Database, ada: int) -> None:
    erase(database, ada)
    with pytest.raises(UnknownReader):
        erase(database, ada)


def test_an_erasure_that_fails_in_the_middle_changes_nothing(
    database: Database, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(database)

    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as broken:
        broken.setattr("newsletter.privacy.erasure.audit.record", fail)
        with pytest.raises(RuntimeError):
            erase(database, ada)

    assert everything(database) == before


def test_a_webhook_that_comes_after_the_erasure_leaves_no_trace(
    database: Database, ada: int
) -> None:
    erase(database, ada)
    database.transact(lambda session: report_bounce(session, ADA, f"1-{ada}", now=NOW + 60))
    while work_feedback(database, now=NOW + 60):
        pass
    while forget(database, Retention.of(Settings()), now=NOW + 120):
        pass

    after = everything(database)
    assert [trace for trace in TRACES if trace in after] == []


@pytest.mark.parametrize("reference", ["{edition}-{reader}", "", "notice"])
def test_a_servers_words_that_come_after_the_erasure_are_not_kept(
    database: Database, ada: int, reference: str
) -> None:
    erase(database, ada)
    with database.reading() as session:
        [edition] = session.exec(select(Delivery.edition_id)).all()
    words = f"552 5.2.2 <{ADA}>: mailbox of Ada Lovelace is full"
    late = NormalEvent(
        provider="returned",
        kind=EventKind.BOUNCED,
        at=NOW + 60,
        reference=reference.format(edition=edition, reader=ada),
        email=ADA.lower(),
        raw={"event": "failed", "diagnostic": words},
        code="5.2.2",
        reason=words,
        bounce=BounceKind.SOFT,
    )

    database.transact(lambda session: take_effect(session, [late], now=NOW + 60))

    after = everything(database)
    assert [trace for trace in TRACES if trace in after] == []
    with database.reading() as session:
        assert len(session.exec(select(Event).where(Event.at == NOW + 60)).all()) == 1


def test_whoever_is_erased_is_not_tracked_any_more(database: Database, ada: int) -> None:
    def agree(session: Session) -> None:
        session.exec(select(Subscription)).one().tracking = Tracking.LINKED
        session.exec(select(Delivery)).one().tracking = Tracking.LINKED

    database.transact(agree)
    erase(database, ada)

    with database.reading() as session:
        assert session.exec(select(Subscription.tracking)).all() == [Tracking.OFF]


def test_webhooks_are_emptied_a_few_at_a_time(
    database: Database, publication_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each a transaction of its own: none keeps sign-ups waiting for all of them."""
    reader = database.transact(lambda session: subscribe(session, publication_id, ADA))
    for number in range(3):
        report = partial(report_bounce, email=ADA, reference="", now=NOW + number)
        database.transact(report)
    while work_feedback(database, now=NOW):
        pass
    acts: list[Act] = []
    transact = database.transact

    def note(act: Act) -> None:
        acts.append(act)
        return transact(act)

    monkeypatch.setattr("newsletter.privacy.erasure.AT_ONCE", 1)
    monkeypatch.setattr(database, "transact", note)

    erase(database, reader)

    assert len(acts) == 1 + 3
    assert "ada.l" not in everything(database)
