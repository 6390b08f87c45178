"""Whoever watches a send is told for what it waits, and what went wrong."""

from typing import Any

from newsletter.cli.standing import details, waits
from newsletter.dispatch.progress import progress
from newsletter.editions.models import Edition
from newsletter.providers.base import Outcome
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider

AWAY = Outcome.later("unreachable", "nobody\nanswers", retry_after=30.0, provider_wide=True)


def shown(desk: Desk, edition_id: int) -> dict[str, Any]:
    with desk.database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        return progress(session, edition, now=desk.database.now())


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
        "5 readers wait for scripted, since 10 min: unreachable nobody answers (next try: now)"
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
