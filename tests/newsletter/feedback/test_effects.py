"""What events do to deliveries and people, on both databases, in any order and number."""

import itertools
from typing import Any

import pytest
from sqlalchemy import func, select

from newsletter.feedback.effects import note_departure
from newsletter.feedback.events import DeliveryKey
from newsletter.feedback.models import EVENT
from tests.newsletter.feedback.mailed import (
    NOW,
    SENT_AT,
    Mailed,
    event,
    hard_bounce,
    soft_bounce,
)


def stored_events(mailed: Mailed) -> int:
    with mailed.database.reading() as session:
        return int(session.execute(select(func.count()).select_from(EVENT)).scalar_one())


def tracks(mailed: Mailed, edition_id: int, reader: int) -> dict[str, Any]:
    return mailed.delivery(edition_id, reader).model_dump()


def test_delivered_settles_the_delivery(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(event(edition_id, reader, "delivered", at=12))

    delivery = mailed.delivery(edition_id, reader)
    assert (delivery.state, delivery.delivered_at) == ("delivered", SENT_AT + 12)


def test_the_same_event_twice_counts_once(mailed: Mailed) -> None:
    readers = mailed.readers(3)
    edition_id = mailed.edition(readers)
    first = soft_bounce(edition_id, readers[0])

    mailed.post(first, first)
    mailed.post(first)

    assert stored_events(mailed) == 1


def test_the_same_content_with_another_id_or_none_counts_once(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    first = event(edition_id, reader, "unsubscribe")
    copy = first | {"sg_event_id": "quite another"}
    bare = {key: value for key, value in first.items() if key != "sg_event_id"}

    mailed.post(first, copy)
    mailed.post(bare, copy)

    assert stored_events(mailed) == 1


def test_events_in_any_order_leave_the_same_delivery(mailed: Mailed) -> None:
    story = [("processed", 1), ("deferred", 2), ("delivered", 3), ("bounce", 4)]
    orders = list(itertools.permutations(story))
    readers = mailed.readers(len(orders))
    edition_id = mailed.edition(readers)

    for reader, order in zip(readers, orders, strict=True):
        words = {"type": "bounce", "status": "5.1.1"}
        mailed.post(*(event(edition_id, reader, word, at=at, **words) for word, at in order))

    ends = {reader: tracks(mailed, edition_id, reader) for reader in readers}
    for end in ends.values():
        end.pop("subscriber_id")
        end.pop("position")
    assert all(end == ends[readers[0]] for end in ends.values())
    assert ends[readers[0]]["state"] == "bounced"


@pytest.mark.parametrize("state", ["queued", "unsure"])
@pytest.mark.parametrize(
    ("word", "then"),
    [
        ("processed", "accepted"),
        ("deferred", "deferred"),
        ("delivered", "delivered"),
        ("bounce", "bounced"),
        ("dropped", "bounced"),
        ("spamreport", "complained"),
    ],
)
def test_evidence_settles_what_was_unsure_or_not_finished_yet(
    mailed: Mailed, state: str, word: str, then: str
) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader], state=state)

    mailed.post(event(edition_id, reader, word, at=7))

    delivery = mailed.delivery(edition_id, reader)
    assert (delivery.state, delivery.accepted_at) == (then, SENT_AT + 7)
    assert delivery.assumed is False


def test_a_hard_bounce_suppresses_at_once(mailed: Mailed) -> None:
    readers = mailed.readers(2)
    edition_id = mailed.edition(readers)

    mailed.post(hard_bounce(edition_id, readers[0]))

    assert mailed.suppressions() == {"reader1@example.org": "hard_bounce"}
    assert not mailed.subscription(readers[0]).mailable
    assert mailed.subscription(readers[1]).mailable
    delivery = mailed.delivery(edition_id, readers[0])
    assert (delivery.bounce_kind, delivery.reason) == ("hard", "5.1.1")


def test_a_complaint_suppresses_and_unsubscribes(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(event(edition_id, reader, "delivered"), event(edition_id, reader, "spamreport"))

    assert mailed.suppressions() == {"reader1@example.org": "complaint"}
    subscription = mailed.subscription(reader)
    assert (subscription.state, subscription.mailable) == ("unsubscribed", False)
    assert mailed.delivery(edition_id, reader).state == "complained"


def test_an_unsubscription_ends_the_subscription_and_suppresses_nobody(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(event(edition_id, reader, "unsubscribe", at=30))

    assert mailed.subscription(reader).state == "unsubscribed"
    assert mailed.suppressions() == {}
    assert mailed.delivery(edition_id, reader).unsubscribed_at == SENT_AT + 30


def test_soft_bounces_on_three_days_suppress_and_on_two_do_not(mailed: Mailed) -> None:
    tired, fine = mailed.readers(2)
    for day in range(3):
        edition_id = mailed.edition([tired, fine], day=day)
        at = day * 86_400 + 60
        assert mailed.suppressions() == {}
        mailed.post(soft_bounce(edition_id, tired, timestamp=int(SENT_AT + at)))
        word = "bounce" if day < 2 else "delivered"
        mailed.post(event(edition_id, fine, word, at=at, type="expired"))

    assert mailed.suppressions() == {"reader1@example.org": "soft_bounces"}


def test_copies_of_a_soft_bounce_do_not_make_three_days(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    for _ in range(4):
        mailed.post(soft_bounce(edition_id, reader))

    assert mailed.suppressions() == {}


def test_a_block_alerts_once_and_suppresses_nobody(mailed: Mailed) -> None:
    readers = mailed.readers(3)
    edition_id = mailed.edition(readers)

    for reader in readers:
        words = "550 5.7.1 listed"
        mailed.post(event(edition_id, reader, "bounce", status="5.7.1", reason=words))

    assert mailed.suppressions() == {}
    assert mailed.alerts() == ["Edition 2026-11-22: mail is being refused"]
    assert mailed.delivery(edition_id, readers[0]).bounce_kind == "block"


@pytest.mark.parametrize(
    ("reason", "suppressed", "state"),
    [
        ("Bounced Address", "hard_bounce", "active"),
        ("Invalid", "hard_bounce", "active"),
        ("Spam Reporting Address", "complaint", "unsubscribed"),
        ("Unsubscribed Address", None, "unsubscribed"),
        ("Spam Content", None, "active"),
    ],
)
def test_a_drop_takes_over_the_providers_reason(
    mailed: Mailed, reason: str, suppressed: str | None, state: str
) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(event(edition_id, reader, "dropped", reason=reason))

    assert mailed.suppressions().get("reader1@example.org") == suppressed
    assert mailed.subscription(reader).state == state
    delivery = mailed.delivery(edition_id, reader)
    assert (delivery.state, delivery.bounce_kind, delivery.reason) == ("bounced", "dropped", reason)


def test_an_asynchronous_bounce_without_our_arguments_finds_the_latest_delivery(
    mailed: Mailed,
) -> None:
    (reader,) = mailed.readers(1)
    first, second = mailed.edition([reader]), mailed.edition([reader], day=1)
    mailed.edition([reader], day=2, state="excluded")
    lost = hard_bounce(second, reader, email="Reader1@Example.org")
    for key in ("nl_delivery", "nl_edition", "sg_message_id"):
        del lost[key]

    mailed.post(lost)

    assert mailed.delivery(second, reader).state == "bounced"
    assert mailed.delivery(first, reader).state == "accepted"
    assert mailed.suppressions() == {"reader1@example.org": "hard_bounce"}


def test_an_event_for_a_delivery_that_we_do_not_have_is_stored_and_settles_nothing(
    mailed: Mailed,
) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(event(edition_id, 999, "delivered"), event(77, 999, "bounce", type="bounce"))

    assert stored_events(mailed) == 2
    assert mailed.suppressions() == {}
    assert mailed.delivery(edition_id, reader).state == "accepted"


def test_a_bounced_notice_suppresses_the_address_and_touches_no_edition(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(hard_bounce(edition_id, reader, nl_delivery="notice-3", nl_edition="notice"))

    assert mailed.suppressions() == {"reader1@example.org": "hard_bounce"}
    assert mailed.delivery(edition_id, reader).state == "accepted"


def test_a_bounce_of_the_old_address_leaves_the_new_one_alone(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(hard_bounce(edition_id, reader, email="old@example.org"))

    assert mailed.suppressions() == {}
    assert mailed.delivery(edition_id, reader).state == "bounced"


def test_an_event_without_address_is_about_the_deliverys_reader(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    nameless = hard_bounce(edition_id, reader)
    del nameless["email"]

    mailed.post(nameless)

    assert mailed.suppressions() == {"reader1@example.org": "hard_bounce"}


def test_unknown_events_are_stored_and_change_nothing(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    before = tracks(mailed, edition_id, reader)

    mailed.post(
        event(edition_id, reader, "something_new", nested={"deep": [1, None]}),
        event(edition_id, reader, "something_else"),
    )

    with mailed.database.reading() as session:
        rows = session.execute(select(EVENT.c.kind, EVENT.c.raw).order_by(EVENT.c.id)).all()
    assert [row.kind for row in rows] == ["unknown", "unknown"]
    assert {"something_new", "something_else"} == {row.raw["event"] for row in rows}
    assert tracks(mailed, edition_id, reader) == before


def test_the_providers_word_brings_nobody_back(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    mailed.post(event(edition_id, reader, "group_unsubscribe"))
    mailed.post(event(edition_id, reader, "group_resubscribe"))

    assert mailed.subscription(reader).state == "unsubscribed"


def test_a_departure_is_noted_with_its_first_time(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])

    for at in (NOW, NOW + 60):
        with mailed.database.writing() as session:
            note_departure(session, DeliveryKey(edition_id, reader), at=at)

    assert mailed.delivery(edition_id, reader).unsubscribed_at == NOW
