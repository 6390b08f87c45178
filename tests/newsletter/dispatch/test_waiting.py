"""Whoever watches a send is told for what it waits, and what went wrong."""

from typing import Any

from sqlalchemy import update
from sqlmodel import select

from newsletter.cli.standing import details, waits
from newsletter.dispatch.control import pause, resume
from newsletter.dispatch.ledger import claim
from newsletter.dispatch.models import BATCH, DELIVERY, Delivery
from newsletter.dispatch.progress import RATE_SECONDS, progress
from newsletter.editions.models import Edition
from newsletter.providers.base import Outcome
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, ScriptedProvider, SlowProvider

AWAY = Outcome.later("unreachable", "nobody\nanswers", retry_after=30.0, provider_wide=True)


def shown(desk: Desk, edition_id: int, provider: str = "scripted") -> dict[str, Any]:
    with desk.database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        return progress(session, edition, provider=provider, now=desk.database.now())


def try_all(desk: Desk, provider: ScriptedProvider) -> None:
    """Try once what is due, whatever pause the provider asks for."""
    dispatcher = desk.dispatcher(provider)
    while dispatcher.step(patience=0.01):
        pass
    dispatcher.stop()


def test_a_provider_that_is_away_is_named_with_its_reason_and_the_next_try(desk: Desk) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    assert shown(desk, edition_id)["waiting"] == []

    try_all(desk, ScriptedProvider(answer=lambda _: AWAY))

    state, now = shown(desk, edition_id), desk.database.now()
    (one,) = state["waiting"]
    assert (one["provider"], one["why"]) == ("scripted", "unreachable nobody answers")
    assert one["readers"] == 5
    assert one["since"] <= now < one["next_try"] <= now + 30
    assert waits(state, now=one["since"] + 600) == [
        "5 readers wait for provider scripted, since 10 min: unreachable nobody answers (next try: now)"
    ]


def test_it_is_remembered_since_when_and_forgotten_once_it_goes_out(desk: Desk) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    try_all(desk, ScriptedProvider(answer=lambda _: AWAY))
    (first,) = shown(desk, edition_id)["waiting"]

    desk.make_due()
    try_all(desk, ScriptedProvider(answer=lambda _: AWAY))
    (again,) = shown(desk, edition_id)["waiting"]
    desk.make_due()
    try_all(desk, ScriptedProvider())

    assert again["since"] == first["since"]
    assert again["next_try"] > first["next_try"]
    assert shown(desk, edition_id)["waiting"] == []


def test_only_who_still_waits_is_counted(desk: Desk) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    try_all(desk, ScriptedProvider(answer=lambda _: AWAY))
    with desk.database.writing() as session:
        settled = session.exec(select(Delivery).limit(2)).all()
        for delivery in settled:
            delivery.state = "cancelled"

    assert [one["readers"] for one in shown(desk, edition_id)["waiting"]] == [3]


def test_what_goes_out_again_and_is_released_waits_for_the_provider_no_more(desk: Desk) -> None:
    desk.add_readers(9)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    try_all(desk, ScriptedProvider(answer=lambda _: AWAY))
    desk.make_due()
    provider = SlowProvider(in_flight=1)
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)

    provider.deal(["accepted"] * 3)
    dispatcher.stop()

    state = shown(desk, edition_id)
    assert (state["accepted"], state["queued"]) == (3, 6)
    assert state["waiting"] == []


def test_what_went_wrong_is_told_by_reason(desk: Desk) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    said = [Outcome.refused("550", "no", enhanced="5.1.1"), Outcome.unsure("cut", "cut off")]
    words = iter([said[0], said[1], said[0], Outcome.accepted("250"), Outcome.accepted("250")])

    try_all(desk, ScriptedProvider(answer=lambda _: next(words)))

    assert shown(desk, edition_id)["errors"] == [
        {"state": "refused", "reason": "550 5.1.1 no", "count": 2},
        {"state": "unsure", "reason": "cut cut off", "count": 1},
    ]


def test_how_an_edition_stands_is_told_in_rows(desk: Desk) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    try_all(desk, ScriptedProvider(answer=lambda _: AWAY))
    state = shown(desk, edition_id) | {"slow_lanes": {"other": 10.0}}
    state["errors"] = [{"state": "refused", "reason": "550 no", "count": 2}]

    rows = details(state, now=desk.database.now())

    assert rows[:2] == [
        ("other", "queued=5 (slowed down: a window each 10 s)"),
        ("refused", "2 times: 550 no"),
    ]
    assert [word for word, _ in rows] == ["other", "refused", "waits"]


def test_spans_are_told_as_people_say_them() -> None:
    one = {"provider": "smtp", "readers": 2, "why": "closed", "since": 0.0, "next_try": 10_000.0}
    lines = [waits({"waiting": [one]}, now=now) for now in (5.0, 300.0, 9_000.0)]
    assert [line[0].partition("since ")[2] for line in lines] == [
        "5 s: closed (next try: in 3 h)",
        "5 min: closed (next try: in 3 h)",
        "2 h: closed (next try: in 17 min)",
    ]


def test_who_waits_for_another_provider_is_told_with_the_way_out_and_no_end_is_foretold(
    desk: Desk,
) -> None:
    edition_id = half_sent(desk)

    state = shown(desk, edition_id, provider="spare")

    (line,) = waits(state, now=0.0)
    assert line == (
        f"{state['queued']} readers wait for provider scripted: the settings name spare. "
        "To go on with it: newsletter edition reroute 2026-11-22"
    )
    assert state["per_second"] > 0
    assert state["eta_seconds"] is None
    assert shown(desk, edition_id)["waiting"] == []
    assert shown(desk, edition_id)["eta_seconds"] > 0


def half_sent(desk: Desk) -> int:
    """Sixty readers, of whom the first windows have got it."""
    desk.add_readers(60)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider = ScriptedProvider(in_flight=1)
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.01)
    dispatcher.stop()
    assert 0 < len(provider.taken) < 60
    return edition_id


def test_what_a_worker_holds_or_a_cancelled_edition_leaves_does_not_wait(desk: Desk) -> None:
    desk.add_readers(30)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    desk.database.transact(lambda session: claim(session, ScriptedProvider(), limit=1, seconds=60))

    (one,) = shown(desk, edition_id, provider="spare")["waiting"]
    assert one["readers"] == 10

    with desk.database.writing() as session:
        session.get_one(Edition, edition_id).state = "cancelled"
    assert shown(desk, edition_id, provider="spare")["waiting"] == []


def test_the_rate_is_that_of_the_last_half_minute_and_only_while_it_is_sent(desk: Desk) -> None:
    edition_id = half_sent(desk)
    now = desk.database.now()
    pause_at(desk, edition_id, now)

    paused = shown(desk, edition_id)
    assert (paused["per_second"], paused["eta_seconds"]) == (None, None)

    # an hour's pause does not count, nor does what was accepted before it
    resume_at(desk, edition_id, now)
    accepted_at(desk, edition_id, now - 3600)
    resumed = shown(desk, edition_id)
    assert (resumed["per_second"], resumed["eta_seconds"]) == (0.0, None)

    with desk.database.writing() as session:
        session.get_one(Edition, edition_id).started_at = now - 7200
        session.get_one(Edition, edition_id).updated_at = now - 3600
    accepted_at(desk, edition_id, now)
    going = shown(desk, edition_id)
    assert going["per_second"] == round(going["accepted"] / RATE_SECONDS, 1)
    assert going["eta_seconds"] == round(going["queued"] * RATE_SECONDS / going["accepted"], 1)


def test_the_rate_of_a_sent_edition_is_that_of_the_whole_without_what_came_later(
    desk: Desk,
) -> None:
    readers = desk.add_readers(40)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    busy, taken = Outcome.later("451", "busy"), Outcome.accepted("250")
    desk.run(ScriptedProvider(answer=lambda email: busy if email == readers[0] else taken))
    desk.make_due()
    desk.run(ScriptedProvider())
    frozen = DELIVERY.c.batch_id.in_(select(BATCH.c.id).where(BATCH.c.chunk >= 0))
    with desk.database.writing() as session:
        edition = session.get_one(Edition, edition_id)
        edition.state, edition.started_at = "sent", NOW
        session.execute(update(DELIVERY).values(accepted_at=NOW + 3600))
        session.execute(update(DELIVERY).where(frozen).values(accepted_at=NOW + 13))

    sent = shown(desk, edition_id)

    assert (sent["accepted"], sent["per_second"], sent["eta_seconds"]) == (40, 3.0, None)


def pause_at(desk: Desk, edition_id: int, now: float) -> None:
    desk.database.transact(lambda session: pause(session, edition_id, reason="why", now=now))


def resume_at(desk: Desk, edition_id: int, now: float) -> None:
    desk.database.transact(lambda session: resume(session, edition_id, site=SITE, now=now))


def accepted_at(desk: Desk, edition_id: int, at: float) -> None:
    """Let everything that was accepted have been accepted then."""
    taken = (DELIVERY.c.edition_id == edition_id) & (DELIVERY.c.state == "accepted")
    with desk.database.writing() as session:
        session.execute(update(DELIVERY).where(taken).values(accepted_at=at))


def test_no_end_is_foretold_while_everybody_waits(desk: Desk) -> None:
    edition_id = half_sent(desk)
    away = {"put_off": "unreachable", "put_off_since": 0.0, "handed_to": 0}  # as requeue makes it
    with desk.database.writing() as session:
        session.execute(update(BATCH).where(BATCH.c.state == "ready").values(away))

    state = shown(desk, edition_id)

    assert state["per_second"] > 0
    assert state["eta_seconds"] is None


def test_an_outcome_without_a_reason_is_told_without_a_colon() -> None:
    state: dict[str, Any] = {"slow_lanes": {}, "lanes": {}, "waiting": []}
    state["errors"] = [{"state": "unsure", "reason": "", "count": 400}]
    assert details(state, now=0.0) == [("unsure", "400 times")]
