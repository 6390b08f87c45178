"""Each group of domains has a pace of its own, and is slowed down while its servers defer."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from sqlmodel import Session, select, update

from newsletter.dispatch.dispatcher import Dispatcher
from newsletter.dispatch.lanes import slowed_lanes
from newsletter.dispatch.ledger import Lease, claim
from newsletter.dispatch.models import PROVIDER_RATE, Batch, ProviderRate
from newsletter.dispatch.pacing import (
    ALL_LANES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SLOWEST,
    STEP_SECONDS,
    Pace,
    Turn,
    pause_of,
)
from newsletter.dispatch.progress import count_states, progress
from newsletter.editions.models import Edition
from newsletter.providers.base import Outcome
from newsletter.settings import LaneName
from subscribers.models import Lane
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, ScriptedProvider

BUSY = Outcome.later("450", "4.2.1 too much mail at once", enhanced="4.2.1")
YES = Outcome.accepted("250")


def add_lanes(desk: Desk, count: int) -> None:
    for lane in ("gmail", "other"):
        for number in range(count):
            desk.add_reader(f"{lane}{number}@example.com", lane=lane)


def defers(lane: str) -> Callable[[str], Outcome]:
    return lambda email: BUSY if email.startswith(lane) else YES


def work(desk: Desk, provider: ScriptedProvider, *, pace: Pace) -> None:
    """Send what may go out now."""
    dispatcher = Dispatcher(desk.database, provider, SITE, pace=pace, lease_seconds=60.0)
    while dispatcher.step(patience=0.01):
        pass
    dispatcher.stop()


@pytest.fixture
def edition_id(desk: Desk) -> int:
    add_lanes(desk, 30)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    return edition_id


def slow(desk: Desk) -> dict[str, int]:
    with desk.database.reading() as session:
        return slowed_lanes(session, "scripted")


def let_time_pass(desk: Desk) -> None:
    """Let every lane's pause and every batch's backoff be over."""
    with desk.database.writing() as session:
        session.execute(update(PROVIDER_RATE).values(arrival=0.0))
    desk.make_due()


def test_a_lane_that_defers_is_slowed_down_and_the_others_go_on(
    desk: Desk, edition_id: int
) -> None:
    provider = ScriptedProvider(answer=defers("gmail"))
    work(desk, provider, pace=Pace(0.0))

    assert sorted(provider.taken) == sorted(f"other{number}@example.com" for number in range(30))
    assert slow(desk).keys() == {"gmail"}
    assert desk.states(edition_id) == {"accepted": 30, "queued": 30}


def test_a_lane_that_takes_mail_again_is_at_full_speed_in_the_end(
    desk: Desk, edition_id: int
) -> None:
    provider = ScriptedProvider(answer=defers("gmail"))
    work(desk, provider, pace=Pace(0.0))
    steps = slow(desk)["gmail"]

    provider.answer = lambda _: YES
    for _ in range(10):
        let_time_pass(desk)
        work(desk, provider, pace=Pace(0.0))

    assert steps > 0
    assert slow(desk) == {}
    assert desk.states(edition_id) == {"accepted": 60}
    assert len(provider.taken) == len(set(provider.taken)) == 60


def test_a_slow_lane_gets_a_window_for_each_pause(desk: Desk, edition_id: int) -> None:
    provider = ScriptedProvider(answer=defers("gmail"), in_flight=1)
    work(desk, provider, pace=Pace(0.0))
    before = slow(desk)["gmail"]
    let_time_pass(desk)

    work(desk, provider, pace=Pace(0.0))

    assert slow(desk)["gmail"] == before + 1
    assert desk.states(edition_id)["queued"] == 30


def test_who_is_greylisted_slows_nobody_down_by_coming_again(desk: Desk, edition_id: int) -> None:
    """Retries hold exactly those who were deferred."""
    few = {f"gmail{number}@example.com" for number in range(0, 30, 4)}
    provider = ScriptedProvider(
        window=60, answer=lambda one: BUSY if one in few else Outcome.accepted("250")
    )
    work(desk, provider, pace=Pace(0.0))
    before = slow(desk).get("gmail", 0)
    for _ in range(4):
        let_time_pass(desk)
        work(desk, provider, pace=Pace(0.0))

    assert desk.states(edition_id) == {"accepted": 60 - len(few), "queued": len(few)}
    assert slow(desk).get("gmail", 0) <= before


def test_slowness_wears_off_with_time(desk: Desk, edition_id: int) -> None:
    work(desk, ScriptedProvider(answer=defers("gmail")), pace=Pace(0.0))
    steps = slow(desk)["gmail"]

    with desk.database.writing() as session:
        session.execute(
            update(PROVIDER_RATE).values(slowed_at=PROVIDER_RATE.c.slowed_at - STEP_SECONDS)
        )
    assert slow(desk).get("gmail", 0) == steps - 1

    with desk.database.writing() as session:
        session.execute(update(PROVIDER_RATE).values(slowed_at=0.0, arrival=0.0))
        assert seen(session, edition_id)["slow_lanes"] == {}
    assert slow(desk) == {}
    assert [turn_of(desk, Pace(0.0), "gmail", count=10) for _ in range(3)] == [Turn()] * 3


def test_in_a_slow_lane_the_next_editions_readers_go_before_retries(desk: Desk) -> None:
    provider = ScriptedProvider(answer=defers("gmail"))
    for number in range(20):
        desk.add_reader(f"gmail{number}@example.com", lane="gmail")
    first = desk.edition()
    desk.freeze(first)
    work(desk, provider, pace=Pace(0.0))
    while slow(desk)["gmail"] and any(one.attempt == 0 for one in open_batches(desk)):
        let_time_pass(desk)
        work(desk, provider, pace=Pace(0.0))
    second = desk.edition(slug="evening")
    desk.freeze(second)
    let_time_pass(desk)

    leases = desk.database.transact(
        lambda session: claim(session, ScriptedProvider(), limit=1, seconds=60)
    )

    assert [lease.edition_id for lease in leases] == [second]


def open_batches(desk: Desk) -> list[Batch]:
    with desk.database.reading() as session:
        return list(session.exec(select(Batch).where(Batch.state == "ready")))


def test_a_capped_lane_gets_what_its_rate_allows_and_the_others_all(
    desk: Desk, edition_id: int
) -> None:
    provider = ScriptedProvider()
    work(desk, provider, pace=Pace(0.0, {"gmail": 0.01}))

    gmail = [email for email in provider.taken if email.startswith("gmail")]
    assert len(gmail) == 1
    assert len(provider.taken) == 31
    assert slow(desk) == {}


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.later("421", "closing", provider_wide=True),
        Outcome.later("unreachable", "away", provider_wide=True, retry_after=0.0),
        Outcome.refused("550", "5.1.1 unknown", enhanced="5.1.1"),
        Outcome.unsure("cut", "cut"),
    ],
)
def test_only_what_a_recipients_server_puts_off_slows_its_lane_down(
    desk: Desk, edition_id: int, outcome: Outcome
) -> None:
    work(desk, ScriptedProvider(answer=lambda _: outcome), pace=Pace(0.0))
    assert slow(desk) == {}
    assert desk.states(edition_id).get("accepted") is None


def test_a_few_who_are_greylisted_slow_nobody_down(desk: Desk, edition_id: int) -> None:
    few = {f"gmail{number}@example.com" for number in range(0, 30, 10)}
    work(desk, ScriptedProvider(answer=lambda one: BUSY if one in few else YES), pace=Pace(0.0))
    assert slow(desk) == {}
    assert desk.states(edition_id) == {"accepted": 57, "queued": 3}


def test_provider_and_lane_reserve_together_or_not_at_all(desk: Desk) -> None:
    pace = Pace(10.0, {"gmail": 100.0})
    turns = [turn_of(desk, pace, "gmail", count=10) for _ in range(2)]

    assert turns[0] == Turn()
    assert 0.5 < turns[1].wait <= 0.75
    assert turns[1].lane_wait == 0
    assert arrivals(desk)["gmail"] < arrivals(desk)[ALL_LANES]


def test_a_lane_that_waits_reserves_nothing_of_the_providers_rate(desk: Desk) -> None:
    pace = Pace(100.0, {"gmail": 1.0})
    assert turn_of(desk, pace, "gmail", count=10) == Turn()
    before = arrivals(desk)

    assert turn_of(desk, pace, "gmail", count=10).lane_wait > 9
    assert arrivals(desk) == before
    assert turn_of(desk, pace, "yahoo", count=10) == Turn()


def test_a_clock_that_was_set_back_makes_nobody_wait_for_it_and_nobody_hurry(desk: Desk) -> None:
    pace = Pace(10.0, {"gmail": 10.0})
    turn_of(desk, pace, "gmail", count=10)
    with desk.database.writing() as session:
        session.execute(update(PROVIDER_RATE).values(arrival=PROVIDER_RATE.c.arrival + 3600))

    first, second = (turn_of(desk, pace, "gmail", count=10) for _ in range(2))

    assert first == Turn()
    assert 0.5 < second.wait <= 0.75


def test_a_lane_is_claimed_again_once_the_clock_was_set_back(desk: Desk, edition_id: int) -> None:
    ahead = {"provider": "scripted", "lane": "gmail", "slowness": 0, "slowed_at": 0.0}
    with desk.database.writing() as session:
        rate = ProviderRate.model_validate({**ahead, "arrival": desk.database.now() + 60})
        session.add(rate)
    assert {lease.lane for lease in claimed(desk)} == {"other"}

    with desk.database.writing() as session:
        session.execute(update(PROVIDER_RATE).values(arrival=PROVIDER_RATE.c.arrival + 3600))
    assert {lease.lane for lease in claimed(desk)} == {"gmail"}


def claimed(desk: Desk) -> list[Lease]:
    return desk.database.transact(
        lambda session: claim(session, ScriptedProvider(), limit=10, seconds=60.0)
    )


def turn_of(desk: Desk, pace: Pace, lane: str, *, count: int) -> Turn:
    return desk.database.transact(
        lambda session: pace.take_turn(session, "scripted", lane, count, slow=False)
    )


def arrivals(desk: Desk) -> dict[str, float]:
    with desk.database.reading() as session:
        return {row.lane: row.arrival for row in session.exec(select(ProviderRate))}


def test_a_window_holds_at_most_a_second_of_either_rate() -> None:
    pace = Pace(100.0, {"gmail": 20.0, "yahoo": 0.5, "other": 0.0})
    lanes = ("gmail", "yahoo", "other", "outlook")
    assert [pace.window(200, lane) for lane in lanes] == [20, 1, 100, 100]
    assert Pace(0.0).window(200, "gmail") == 200


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [pause_of(steps) for steps in range(SLOWEST + 1)]
    assert pauses[:3] == [0.0, FIRST_PAUSE, 2 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_progress_tells_how_each_lane_stands(desk: Desk, edition_id: int) -> None:
    work(desk, ScriptedProvider(answer=defers("gmail")), pace=Pace(0.0))
    with desk.database.reading() as session:
        shown = seen(session, edition_id)
        assert shown["lanes"] == {"gmail": {"queued": 30}, "other": {"accepted": 30}}
        assert shown["slow_lanes"].keys() == {"gmail"}
        assert {name: shown[name] for name in count_states(session, edition_id)} == count_states(
            session, edition_id
        )


def seen(session: Session, edition_id: int) -> dict[str, Any]:
    return progress(session, session.get_one(Edition, edition_id), provider="scripted", now=NOW)


def test_the_settings_know_every_lane() -> None:
    assert set(get_args(LaneName)) == set(Lane)
