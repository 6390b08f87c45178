"""A dispatcher that waits for its provider is at work, and nobody may put it to sleep."""

from typing import Any

import pytest
from sqlmodel import select, update

from newsletter.dispatch.ledger import monotonic
from newsletter.dispatch.models import BATCH
from newsletter.editions.models import EDITION
from tests.newsletter.dispatch.desk import Desk, SlowProvider

ALL_TAKEN = ["accepted"] * 3


def change_batches(desk: Desk, **values: Any) -> None:
    with desk.database.writing() as session:
        session.execute(update(BATCH).values(values))


def a_third_of_the_lease_goes_by(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """For our clock and the database's."""
    monkeypatch.setattr("newsletter.dispatch.ledger.monotonic", lambda: monotonic() + 25.0)
    change_batches(desk, leased_until=BATCH.c.leased_until - 25.0)


def leased_until(desk: Desk) -> float:
    with desk.database.reading() as session:
        return float(session.execute(select(BATCH.c.leased_until)).scalar_one())


def test_a_step_says_that_there_is_more_to_do_while_the_provider_has_a_window(desk: Desk) -> None:
    desk.add_readers(3)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider = SlowProvider(in_flight=1)
    dispatcher = desk.dispatcher(provider)

    assert dispatcher.step(patience=0.0)
    assert dispatcher.step(patience=0.0), "the window is still out"

    provider.deal(ALL_TAKEN)
    while dispatcher.step(patience=0.0):
        pass
    assert dispatcher.is_idle
    assert desk.states(edition_id) == {"accepted": 3}


def test_a_lost_lease_is_told_once_however_long_its_window_takes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.add_readers(3)
    desk.freeze(desk.edition())
    provider = SlowProvider()
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)
    change_batches(desk, token="of another worker")
    a_third_of_the_lease_goes_by(desk, monkeypatch)

    for _ in range(3):
        dispatcher.step(patience=0.0)

    assert caplog.text.count("lease lost") == 1
    provider.deal(ALL_TAKEN)
    dispatcher.stop()


def test_a_batch_that_is_let_go_is_kept_until_its_window_has_landed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add_readers(9)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider = SlowProvider(in_flight=2)
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)
    with desk.database.writing() as session:
        session.execute(update(EDITION).values(state="paused"))
    provider.deal(ALL_TAKEN)
    dispatcher.step(patience=0.0)  # finds it paused; the second window is still out
    a_third_of_the_lease_goes_by(desk, monkeypatch)
    before = leased_until(desk)

    dispatcher.step(patience=0.0)

    assert leased_until(desk) > before + 20.0
    provider.deal(ALL_TAKEN)
    dispatcher.stop()
    assert desk.states(edition_id) == {"accepted": 6, "queued": 3}
