"""What a mail server says at the door teaches as much as a provider's event."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlmodel import select

from newsletter.dispatch.dispatcher import Dispatcher
from newsletter.dispatch.models import Batch, Delivery, Notice
from newsletter.dispatch.outcomes import MAX_ATTEMPTS, Lesson, Result
from newsletter.dispatch.pacing import Pace
from newsletter.editions.models import Edition
from newsletter.feedback.duty import work_off_inbox
from newsletter.feedback.inbox import receive
from newsletter.feedback.models import InboxItem
from newsletter.feedback.refusals import INBOX, learn
from newsletter.providers.base import Outcome, RequestRefused
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, ScriptedProvider
from tests.newsletter.feedback.mailed import DAY, Mailed

UNKNOWN = Outcome.refused("550", "5.1.1 no such user", enhanced="5.1.1")
FULL = Outcome.refused("552", "5.2.2 mailbox full", enhanced="5.2.2")
POLICY = Outcome.refused("554", "5.7.1 not from you", enhanced="5.7.1")
SENDGRID = ScriptedProvider(name="sendgrid", tells_later=True)
SMTP = ScriptedProvider(name="smtp")


@pytest.fixture
def desk(mailed: Mailed) -> Desk:
    return Desk(mailed.database, mailed.publication_id)


def send(desk: Desk, answer: Callable[[str], Outcome], *, now: float = NOW, count: int = 5) -> int:
    """Send an edition to `count` readers, and work off what it taught; return its id."""
    desk.add_readers(count)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider = ScriptedProvider(answer=answer)
    dispatcher = Dispatcher(
        desk.database,
        provider,
        SITE,
        pace=Pace(0.0),
        lease_seconds=60.0,
        learn=partial(learn, provider=provider, now=now),
    )
    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass
    work_off_inbox(desk.database, now=now)
    return edition_id


def only_first(outcome: Outcome) -> Callable[[str], Outcome]:
    return lambda email: outcome if email.startswith("reader1@") else Outcome.accepted("250")


def test_an_unknown_mailbox_is_suppressed(desk: Desk, mailed: Mailed) -> None:
    edition_id = send(desk, only_first(UNKNOWN))

    assert mailed.suppressions() == {"reader1@example.com": "hard_bounce"}
    first = desk.deliveries(edition_id)[0]
    assert (first.state, first.bounce_kind, first.reason) == (
        "refused",
        "hard",
        "550 5.1.1 5.1.1 no such user",
    )
    assert first.accepted_at is None
    assert first.bounced_at is None


@pytest.mark.parametrize("outcome", [FULL, POLICY, Outcome.refused("550", "no such user")])
def test_nobody_is_suppressed_for_once_full_or_for_our_fault(
    desk: Desk, mailed: Mailed, outcome: Outcome
) -> None:
    send(desk, only_first(outcome))
    assert mailed.suppressions() == {}


def test_a_policy_refusal_alerts_once(desk: Desk, mailed: Mailed) -> None:
    send(desk, lambda _: POLICY)
    assert mailed.suppressions() == {}
    assert mailed.alerts() == ["Edition 2026-11-22: mail is being refused"]


def test_an_address_that_we_could_not_write_teaches_nothing(desk: Desk, mailed: Mailed) -> None:
    send(desk, only_first(Outcome.refused("unfit", "can't be written")))
    send_api = Outcome.refused("400", "Does not contain a valid address.")
    with desk.database.writing() as session:
        learn(session, [lesson(1, send_api)], provider=SENDGRID, now=NOW)
    with desk.database.reading() as session:
        assert session.exec(select(InboxItem)).all() == []


def lesson(edition_id: int, outcome: Outcome, *, reader: int = 1) -> Lesson:
    return Lesson(edition_id, "other", accepted=0, turned_away=[Result(reader, outcome)])


def test_the_brake_weighs_refusals_against_what_was_taken(desk: Desk) -> None:
    def answer(email: str) -> Outcome:
        number = int(email.removeprefix("reader").partition("@")[0])
        return UNKNOWN if number <= 26 else Outcome.accepted("250")

    edition_id = send(desk, answer, count=500)

    with desk.database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        assert edition.state == "paused"
        assert edition.hold_reason == "26 of 500 settled deliveries (5.2 %) bounced hard"


def test_a_full_mailbox_is_worn_out_after_three_days_without_a_message_taken(
    mailed: Mailed,
) -> None:
    readers = mailed.readers(2)
    for day, word in enumerate([FULL, FULL, FULL]):
        edition_id = mailed.edition(readers, day=day, state="refused")
        mailed_now = NOW + day * DAY
        teach(mailed, edition_id, word, reader=1, now=mailed_now)
        if day == 1:
            # the second reader's mailbox had room again in between
            taken = mailed.edition([2], day=10 + day, provider="smtp")
            accept(mailed, taken, at=mailed_now + 60.0)
        teach(mailed, edition_id, word, reader=2, now=mailed_now)
    assert mailed.suppressions() == {"reader1@example.org": "soft_bounces"}


def teach(mailed: Mailed, edition_id: int, word: Outcome, *, reader: int, now: float) -> None:
    with mailed.database.writing() as session:
        learn(session, [lesson(edition_id, word, reader=reader)], provider=SMTP, now=now)
    mailed.work(now=now)


def accept(mailed: Mailed, edition_id: int, *, at: float) -> None:
    with mailed.database.writing() as session:
        for row in session.exec(select(Delivery).where(Delivery.edition_id == edition_id)):
            row.accepted_at = at


def test_who_is_put_off_until_the_attempts_are_used_up_counts_as_soft(
    desk: Desk, mailed: Mailed
) -> None:
    desk.add_readers(1)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    with desk.database.writing() as session:
        batch = session.exec(select(Batch)).one()
        batch.attempt = MAX_ATTEMPTS - 1
    later = Outcome.later("452", "4.2.2 mailbox full", enhanced="4.2.2")
    dispatcher = Dispatcher(
        desk.database,
        ScriptedProvider(answer=lambda _: later),
        SITE,
        pace=Pace(0.0),
        lease_seconds=60.0,
        learn=partial(learn, provider=SMTP, now=NOW),
    )
    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass
    mailed.work()

    (row,) = desk.deliveries(edition_id)
    assert (row.state, row.bounce_kind) == ("failed", "soft")


def test_a_server_that_slows_us_down_says_nothing_about_the_reader(
    desk: Desk,
) -> None:
    held_back = Outcome.later("421", "4.7.28 unusual rate", enhanced="4.7.28")
    with desk.database.writing() as session:
        learn(session, [lesson(1, held_back)], provider=SENDGRID, now=NOW)
    with desk.database.reading() as session:
        assert session.exec(select(InboxItem)).all() == []


def test_a_mailing_refused_as_a_whole_pauses_and_condemns_nobody(desk: Desk) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    words = "The SMTP server refuses every recipient alike: 554 5.7.1 relay access denied."

    desk.run(ScriptedProvider(error=RequestRefused(words)))

    assert desk.status(edition_id) == "paused"
    assert desk.states(edition_id) == {"queued": 5}
    with desk.database.reading() as session:
        notice = session.exec(select(Notice)).one()
        assert notice.data["lines"][0] == f"Why: {words}"


def test_a_body_that_no_dispatcher_kept_is_set_aside(mailed: Mailed) -> None:
    with mailed.database.writing() as session:
        receive(session, INBOX, b'{"refusals": [{}]}', now=NOW)
    mailed.work()
    with mailed.database.reading() as session:
        item = session.exec(select(InboxItem)).one()
        assert item.error is not None
        assert item.processed_at is not None
