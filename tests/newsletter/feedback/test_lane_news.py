"""A domain that defers what SendGrid brings is slowed down like one that defers by SMTP."""

import pytest
from sqlmodel import select, update

from newsletter.dispatch.lanes import heed_deferrals, slowed_lanes
from newsletter.dispatch.models import PROVIDER_RATE, ProviderRate
from newsletter.dispatch.outcomes import Lesson
from newsletter.dispatch.pacing import STEP_SECONDS
from newsletter.feedback.models import LANE_NEWS, LaneNews
from tests.newsletter.dispatch.desk import ScriptedProvider
from tests.newsletter.feedback.mailed import NOW, SENT_AT, Mailed, event

SENDGRID = ScriptedProvider(name="sendgrid", tells_later=True)
SMTP = ScriptedProvider(name="smtp")
BUSY = {"response": "421 4.7.28 unusual rate of mail", "attempt": "1"}


def slowness(mailed: Mailed) -> dict[str, int]:
    with mailed.database.reading() as session:
        return slowed_lanes(session, "sendgrid")


def deferred(edition_id: int, reader: int, *, at: float = 10.0) -> dict[str, object]:
    return event(edition_id, reader, "deferred", at=at, **BUSY)


def delivered(edition_id: int, reader: int, *, at: float = 10.0) -> dict[str, object]:
    return event(edition_id, reader, "delivered", at=at)


def slow_down(mailed: Mailed, *, at: float) -> None:
    """Let Gmail have been slowed down by three steps, at a time that is not long ago."""
    rate = ProviderRate(provider="sendgrid", lane="gmail", arrival=0.0, slowness=3, slowed_at=at)
    with mailed.database.writing() as session:
        session.add(rate)


@pytest.fixture
def ages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let slowness not wear off: the edition was sent on a fixed date."""
    monkeypatch.setattr("newsletter.dispatch.pacing.STEP_SECONDS", 1e12)


def test_a_lane_whose_servers_defer_is_slowed_down_and_no_other(mailed: Mailed) -> None:
    readers = mailed.readers(40)
    gmail = mailed.edition(readers[:20], lane="gmail")
    others = mailed.edition(readers[20:], day=1)

    mailed.post(*(deferred(gmail, one) for one in readers[:5]))
    mailed.post(*(delivered(others, one) for one in readers[20:]))

    assert slowness(mailed) == {"gmail": 1}


def test_few_deferrals_among_many_deliveries_slow_nothing_down(mailed: Mailed) -> None:
    readers = mailed.readers(40)
    edition_id = mailed.edition(readers, lane="gmail")

    for number, reader in enumerate(readers):  # one request each: they are counted together
        mailed.post((deferred if number % 5 == 4 else delivered)(edition_id, reader))

    assert slowness(mailed) == {}


def test_one_reader_who_is_put_off_again_and_again_is_not_a_domain(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader], lane="gmail")

    mailed.post(*(deferred(edition_id, reader, at=number) for number in range(1, 30)))

    assert slowness(mailed) == {}


def test_what_was_sent_at_the_pace_before_slows_down_no_further(mailed: Mailed, ages: None) -> None:
    readers = mailed.readers(20)
    edition_id = mailed.edition(readers, lane="gmail")
    slow_down(mailed, at=SENT_AT + 5)

    mailed.post(*(deferred(edition_id, one) for one in readers))

    assert slowness(mailed) == {"gmail": 3}


def test_a_slow_lane_that_takes_mail_goes_faster_by_a_step(mailed: Mailed, ages: None) -> None:
    readers = mailed.readers(20)
    edition_id = mailed.edition(readers, lane="gmail")
    slow_down(mailed, at=SENT_AT - 5)

    mailed.post(*(delivered(edition_id, one) for one in readers[:19]))
    assert slowness(mailed) == {"gmail": 3}  # too few to tell
    mailed.post(delivered(edition_id, readers[19]))

    assert slowness(mailed) == {"gmail": 2}


def test_old_news_says_nothing_of_today(mailed: Mailed) -> None:
    readers = mailed.readers(20)
    edition_id = mailed.edition(readers, lane="gmail")

    late = NOW + STEP_SECONDS
    mailed.post(*(deferred(edition_id, one) for one in readers), now=late)

    assert slowness(mailed) == {}
    with mailed.database.reading() as session:
        assert session.exec(select(LaneNews)).all() == []


def test_counting_begins_anew_after_a_while(mailed: Mailed) -> None:
    readers = mailed.readers(8)
    edition_id = mailed.edition(readers, lane="gmail")

    mailed.post(*(deferred(edition_id, one) for one in readers[:4]))
    with mailed.database.writing() as session:
        session.execute(update(LANE_NEWS).values(since=LANE_NEWS.c.since - STEP_SECONDS - 1))
    mailed.post(*(deferred(edition_id, one) for one in readers[4:]))

    assert slowness(mailed) == {}


def test_acceptance_by_sendgrid_speeds_nothing_up(mailed: Mailed, ages: None) -> None:
    """It takes everything: only its events know what the readers' servers say."""
    slow_down(mailed, at=SENT_AT)
    lesson = Lesson(1, "gmail", accepted=1000)
    mailed.database.transact(lambda session: heed_deferrals(session, SENDGRID, [lesson], {"gmail"}))
    assert slowness(mailed) == {"gmail": 3}

    with mailed.database.writing() as session:
        session.execute(update(PROVIDER_RATE).values(provider="smtp"))
    mailed.database.transact(lambda session: heed_deferrals(session, SMTP, [lesson], {"gmail"}))
    with mailed.database.reading() as session:
        assert slowed_lanes(session, "smtp") == {"gmail": 2}


def test_whoever_leaves_before_a_message_is_known_as_taken_says_nothing_of_a_slow_lane(
    mailed: Mailed, ages: None
) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader], lane="gmail", state="unsure")
    slow_down(mailed, at=SENT_AT - 5)

    mailed.post(event(edition_id, reader, "unsubscribe", at=10.0))

    assert mailed.delivery(edition_id, reader).unsubscribed_at == SENT_AT + 10.0
