"""An edition that bounces hard too often stops itself."""

import pytest

from newsletter.editions.models import Edition
from newsletter.feedback.brake import is_too_much
from tests.newsletter.feedback.mailed import NOW, Mailed, event, hard_bounce, soft_bounce


@pytest.mark.parametrize(
    ("settled", "hard", "expected"),
    [(499, 499, False), (500, 25, False), (500, 26, True), (10_000, 500, False)],
)
def test_more_than_five_percent_of_at_least_five_hundred(
    *, settled: int, hard: int, expected: bool
) -> None:
    assert is_too_much(settled, hard) is expected


def test_a_running_edition_pauses_itself_and_alerts(mailed: Mailed) -> None:
    readers = mailed.readers(500)
    edition_id = mailed.edition(readers)
    mailed.post(*(event(edition_id, reader, "delivered") for reader in readers[26:]))
    mailed.post(*(hard_bounce(edition_id, reader) for reader in readers[:25]))
    assert mailed.edition_row(edition_id).state == "sending"

    mailed.post(hard_bounce(edition_id, readers[25]))

    edition = mailed.edition_row(edition_id)
    assert edition.state == "paused"
    assert edition.hold_reason == "26 of 500 settled deliveries (5.2 %) bounced hard"
    assert mailed.alerts() == ["Edition 2026-11-22 is paused"]


def test_copies_and_other_bounces_do_not_pull_the_brake(mailed: Mailed) -> None:
    readers = mailed.readers(500)
    edition_id = mailed.edition(readers)
    bounce = hard_bounce(edition_id, readers[0])
    mailed.post(*(soft_bounce(edition_id, reader) for reader in readers[1:]))

    mailed.post(*(bounce | {"sg_event_id": f"copy-{number}"} for number in range(30)))
    mailed.post(
        *(
            bounce | {"sg_event_id": f"again-{number}", "timestamp": int(NOW) + number}
            for number in range(30)
        )
    )

    assert mailed.edition_row(edition_id).state == "sending"


def test_whoever_resumes_has_decided_until_it_is_as_bad_again(mailed: Mailed) -> None:
    readers = mailed.readers(1000)
    edition_id = mailed.edition(readers)
    first, second = readers[:500], readers[500:]
    mailed.post(*(event(edition_id, reader, "delivered") for reader in first[30:] + second[30:-1]))
    mailed.post(*(hard_bounce(edition_id, reader) for reader in first[:30]))
    assert mailed.edition_row(edition_id).state == "sending"  # 30 of 969

    mailed.post(*(hard_bounce(edition_id, reader) for reader in second[:30]))
    assert mailed.edition_row(edition_id).state == "paused"
    _set_state(mailed, edition_id, "sending")

    third = mailed.readers(500)
    later = mailed.edition(third, day=1)
    mailed.post(hard_bounce(edition_id, second[-1]), hard_bounce(later, third[0]))
    assert mailed.edition_row(edition_id).state == "sending"  # 1 since then
    assert mailed.edition_row(later).state == "sending"


@pytest.mark.parametrize("state", ["paused", "sent", "cancelled"])
def test_only_what_is_being_sent_can_stop(mailed: Mailed, state: str) -> None:
    readers = mailed.readers(500)
    edition_id = mailed.edition(readers)
    _set_state(mailed, edition_id, state)

    mailed.post(*(event(edition_id, reader, "delivered") for reader in readers[26:]))
    mailed.post(*(hard_bounce(edition_id, reader) for reader in readers[:26]))

    assert mailed.edition_row(edition_id).state == state
    assert mailed.alerts() == []
    assert mailed.delivery(edition_id, readers[0]).state == "bounced"


def _set_state(mailed: Mailed, edition_id: int, state: str) -> None:
    with mailed.database.writing() as session:
        session.get_one(Edition, edition_id).state = state
