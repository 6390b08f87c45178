"""Several doors at once, on PostgreSQL: who comes second sees what the first did."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from newsletter.database import Database
from newsletter.publications import Publication
from subscribers import (
    erasure,
    forgetting,
    fresh_links,
    preferences,
    signup,
    suppression,
    unsubscribe,
)
from subscribers.addresses import parse
from subscribers.errors import LinkUsed
from subscribers.guard import GuardPolicy
from subscribers.models import Happening, SuppressionReason, Tracking
from subscribers.signup import SignupPolicy
from tests.blocked import Act, on_postgresql, overlap, wait_until_blocked
from tests.subscribers.readers import CLICK, DAY, FORM, NOW, Readers, hash_of

pytestmark = on_postgresql

ADA = "ada@example.org"


@pytest.fixture
def readers(database: Database, tmp_path: Any) -> Readers:
    with database.writing() as session:
        publication = Publication(slug="p", name="P", sender="p@p.example", postal_address="P")
        session.add(publication)
        session.flush()
        return Readers(database, publication.key, tmp_path)


def acts(readers: Readers, *, left_before: bool) -> dict[str, Act]:
    """What can happen to Ada at the same moment."""
    mine = readers.subscribe(ADA)
    if left_before:
        readers.do(unsubscribe.leave, mine, readers.publication_id, CLICK, now=NOW)
    mail = readers.ask(ADA, now=NOW + DAY).mail
    if not left_before:
        readers.do(suppression.suppress, ADA, SuppressionReason.HARD_BOUNCE, now=NOW)
        mail = readers.ask(ADA, now=NOW + 2 * DAY).mail
        readers.do(suppression.lift, ADA, now=NOW, by="editor")
    assert mail is not None
    return {
        "confirm": lambda session: signup.confirm(
            session, mail, FORM, tracking=Tracking.LINKED, hash_of=hash_of, now=NOW + 3 * DAY
        ),
        "leave": lambda session: unsubscribe.leave(
            session, mine, readers.publication_id, CLICK, now=NOW + 3 * DAY
        ),
        "bounce": lambda session: suppression.suppress(
            session, ADA, SuppressionReason.HARD_BOUNCE, now=NOW + 3 * DAY
        ),
        "complain": lambda session: unsubscribe.complain(session, ADA, CLICK, now=NOW + 3 * DAY),
    }


def test_who_confirms_after_a_bounce_is_back(readers: Readers) -> None:
    act = acts(readers, left_before=True)

    overlap(readers.database, act["bounce"], act["confirm"])

    assert readers.subscription(ADA).mailable


def test_a_link_from_before_a_complaint_brings_nobody_back(readers: Readers) -> None:
    act = acts(readers, left_before=True)

    with pytest.raises(LinkUsed):
        overlap(readers.database, act["complain"], act["confirm"])

    assert not readers.subscription(ADA).mailable


@pytest.mark.parametrize("second", ["leave", "bounce", "complain"])
def test_what_comes_after_a_confirmation_counts(readers: Readers, second: str) -> None:
    act = acts(readers, left_before=True)

    overlap(readers.database, act["confirm"], act[second])

    assert not readers.subscription(ADA).mailable


@pytest.mark.parametrize(
    ("first", "second"), [("leave", "bounce"), ("bounce", "leave"), ("complain", "leave")]
)
def test_whoever_is_first_none_of_them_leaves_a_reader_in_the_audience(
    readers: Readers, first: str, second: str
) -> None:
    act = acts(readers, left_before=False)

    overlap(readers.database, act[first], act[second])

    subscription = readers.subscription(ADA)
    assert (subscription.state, subscription.mailable) == ("unsubscribed", False)
    assert len([one for one in readers.records() if not one.granted and one.kind == "mail"]) == 1


def test_a_pause_made_longer_at_the_moment_it_ends_goes_on(readers: Readers) -> None:
    mine = readers.subscribe(ADA)
    readers.do(preferences.pause, mine, readers.publication_id, until=NOW + DAY, now=NOW)
    longer = partial(
        preferences.pause,
        subscriber_id=mine,
        publication_id=readers.publication_id,
        until=NOW + 9 * DAY,
        now=NOW + DAY,
    )

    overlap(readers.database, longer, partial(preferences.resume_due, now=NOW + 2 * DAY))

    subscription = readers.subscription(ADA)
    assert (subscription.state, subscription.paused_until) == ("paused", NOW + 9 * DAY)


def test_who_asks_for_a_link_while_they_are_erased_leaves_nothing_behind(readers: Readers) -> None:
    mine = readers.subscribe(ADA)
    links = []
    erased = partial(erasure.erase, subscriber_id=mine, act=FORM, hash_of=hash_of, now=NOW + DAY)

    def ask(session: Session) -> None:
        links.append(
            fresh_links.request(
                session,
                readers.publication_id,
                ADA,
                GuardPolicy(),
                what="asked for a copy of their data",
                source="page",
                ip="",
                hash_of=hash_of,
                now=NOW + DAY,
            )
        )

    overlap(readers.database, erased, ask)

    assert links == [None]
    with readers.session() as session:
        assert session.exec(select(Happening)).all() == []


def test_who_signs_up_at_the_moment_they_are_forgotten_is_a_new_reader(readers: Readers) -> None:
    readers.ask(ADA)

    def forget(session: Session) -> None:
        _, strangers = forgetting.end_requests(session, before=NOW, limit=9)
        forgetting.drop(session, strangers)

    asked = signup.Request(ADA, "form")
    again = partial(
        signup.request,
        publication_id=readers.publication_id,
        asked=asked,
        policy=SignupPolicy(),
        hash_of=hash_of,
        now=NOW + DAY,
    )
    overlap(readers.database, forget, again)

    assert readers.subscription(ADA).created_at == NOW + DAY


def test_the_pauses_of_others_end_though_one_reader_is_erased(readers: Readers) -> None:
    pair = [readers.subscribe(ADA), readers.subscribe("bob@example.org")]
    for reader in pair:
        readers.do(preferences.pause, reader, readers.publication_id, until=NOW + DAY, now=NOW)
    erased = partial(erasure.erase, subscriber_id=pair[0], act=FORM, hash_of=hash_of, now=NOW + DAY)

    overlap(readers.database, erased, partial(preferences.resume_due, now=NOW + DAY))

    assert readers.subscription("bob@example.org").state == "active"


def test_two_confirmations_by_one_link_count_once(readers: Readers) -> None:
    act = acts(readers, left_before=True)

    with pytest.raises(LinkUsed):
        overlap(readers.database, act["confirm"], act["confirm"])

    granted = [one for one in readers.records() if one.granted and one.kind == "mail"]
    assert len(granted) == 2  # the first subscription, and this


def test_two_crowds_that_know_the_same_people_wait_for_each_other(readers: Readers) -> None:
    names = [f"r{number}@x{number}.example" for number in range(5)]

    def come(session: Session, emails: list[str], now: float) -> None:
        asked = [
            signup.Asked(readers.publication_id, signup.Request(email, "form"), parse(email))
            for email in emails
        ]
        mails = signup.take(session, asked, GuardPolicy(), hash_of=hash_of, now=now)
        assert None not in mails

    overlap(
        readers.database,
        partial(come, emails=names, now=NOW),
        partial(come, emails=names[::-1], now=NOW + DAY),
    )

    assert {readers.subscription(name).created_at for name in names} == {NOW + DAY}


def test_an_import_that_loses_a_deadlock_with_a_crowd_goes_on(readers: Readers) -> None:
    """A crowd locks readers in the order of their addresses, an import in that of their ids."""
    zoe, ada = "zoe@z.example", "ada@a.example"
    for email in (zoe, ada):
        readers.subscribe(email)

    def come(session: Session, email: str) -> None:
        signup.request(
            session, readers.publication_id, signup.Request(email, "form"), SignupPolicy(),
            hash_of=hash_of, now=NOW + DAY,
        )  # fmt: skip

    with ThreadPoolExecutor(1) as other, readers.database.writing() as session:
        session.execute(text("SET LOCAL deadlock_timeout = '10s'"))  # the import looks first
        come(session, ada)
        importing = other.submit(readers.bring_in, f"email,tags\n{zoe},fair\n{ada},fair\n")
        wait_until_blocked(readers.database)
        come(session, zoe)
        session.commit()
        report = importing.result(10)

    assert (report.rows, report.known) == (2, 2)
    assert readers.subscriber(zoe).tags == readers.subscriber(ada).tags == ["fair"]


def test_who_signs_up_while_a_file_brings_them_in_is_one_reader(
    readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = readers.file("email\n" + "".join(f"r{n}@x.example\n" for n in range(50)))
    with ThreadPoolExecutor(1) as other, readers.database.writing() as session:
        asked = signup.Request("r7@x.example", "form")
        signup.request(
            session, readers.publication_id, asked, SignupPolicy(), hash_of=hash_of, now=NOW
        )
        coming = other.submit(readers.bring_in, path)
        wait_until_blocked(readers.database)
        session.commit()
        report = coming.result(30)

    assert (report.added, report.updated) == (49, 1)
    assert readers.subscription("r7@x.example").mailable
