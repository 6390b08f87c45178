"""Workers are killed in the middle of a send; nobody is left out, nobody gets it twice."""

import signal

import pytest

from tests.faults.press import (
    SHORT_LEASE,
    Press,
    eventually,
    has_received,
    leased,
    send_through_kills,
)

READERS = 10_000
KILLS = 10


@pytest.mark.timeout(300)
def test_kill_9_in_the_middle_leaves_nobody_out_and_writes_to_nobody_twice(press: Press) -> None:
    press.rate = 2_500

    send_through_kills(press, readers=READERS, kills=KILLS)


def test_a_worker_that_slept_past_its_lease_sends_nothing_more_of_it(press: Press) -> None:
    press.rate = 400
    press.lease_seconds = SHORT_LEASE
    press.prepare(600)
    sleeper = press.start_worker()
    eventually(lambda: has_received(press, 50), what="it has begun")
    press.freeze(sleeper)

    press.start_worker()
    eventually(
        lambda: press.states()["queued"] == 0 and not leased(press), what="the other has sent all"
    )
    press.settle()
    eventually(lambda: press.status() == "sent", what="the edition is closed")
    sleeper.send_signal(signal.SIGCONT)
    sleeper.send_signal(signal.SIGTERM)
    sleeper.wait()

    received = press.received()
    assert set(received) == press.expected()
    assert received.total() == 600


def test_sigterm_hands_back_and_leaves_nothing_unsure(press: Press) -> None:
    press.rate = 600
    press.prepare(600)
    worker = press.start_worker()
    eventually(lambda: has_received(press, 100), what="it has begun")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 0
    assert press.states()["unsure"] == 0
    assert not leased(press)

    press.start_worker()
    eventually(lambda: press.status() == "sent", what="the next one goes on")

    assert press.received().total() == len(press.expected()) == 600


def test_two_workers_at_once_share_the_work(press: Press) -> None:
    press.prepare(2_000)
    press.start_worker()
    press.start_worker()

    eventually(lambda: press.status() == "sent", what="both together have sent it")

    assert press.received().total() == len(press.expected()) == 2_000
