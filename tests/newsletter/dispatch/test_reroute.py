"""Another provider goes on where one was left in the middle; nobody is left out or written to twice."""

import pytest
from sqlmodel import select

from newsletter.dispatch.control import pause
from newsletter.dispatch.ledger import claim
from newsletter.dispatch.models import Batch
from newsletter.dispatch.reroute import Rerouted, reroute
from newsletter.dispatch.sweep import close_if_final
from newsletter.errors import EditionError
from newsletter.providers.base import Outcome
from tests.blocked import on_postgresql, overlap
from tests.newsletter.dispatch.desk import NOW, Desk, ScriptedProvider


@pytest.fixture
def edition_id(desk: Desk) -> int:
    """Sixty readers in three batches."""
    desk.add_readers(60)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    return edition_id


@pytest.fixture
def spare() -> ScriptedProvider:
    return ScriptedProvider(name="spare")


def change_over(desk: Desk, edition_id: int) -> Rerouted:
    return desk.database.transact(lambda session: reroute(session, edition_id, "spare"))


def begin(desk: Desk, provider: ScriptedProvider) -> None:
    """Let a worker send a window of each of two batches, and then hand back."""
    provider.in_flight = 1
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.01)
    dispatcher.stop()


def test_what_was_not_handed_off_goes_out_through_the_new_provider(
    desk: Desk, edition_id: int, provider: ScriptedProvider, spare: ScriptedProvider
) -> None:
    begin(desk, provider)

    rerouted = change_over(desk, edition_id)
    desk.run(provider)
    desk.run(spare)

    assert 0 < len(provider.taken) < 60
    assert rerouted == Rerouted(readers=60 - len(provider.taken), held=0)
    assert len({*provider.taken, *spare.taken}) == len(provider.taken + spare.taken) == 60
    assert desk.states(edition_id) == {"accepted": 60}


def test_what_the_old_provider_has_not_confirmed_stays_with_it(
    desk: Desk, edition_id: int, provider: ScriptedProvider, spare: ScriptedProvider
) -> None:
    provider.answer = lambda _: Outcome.unsure("cut", "cut")
    begin(desk, provider)
    unsure = desk.states(edition_id)["unsure"]

    assert change_over(desk, edition_id).readers == 60 - unsure
    desk.run(spare)

    assert desk.states(edition_id) == {"accepted": 60 - unsure, "unsure": unsure}
    with desk.database.reading() as session:
        providers = {
            (batch.provider, batch.state)
            for batch in session.exec(select(Batch))
            if batch.handed_to
        }
    assert providers == {("scripted", "done"), ("spare", "done")}
    assert not desk.database.transact(lambda session: close_if_final(session, edition_id))


def test_what_a_worker_holds_is_left_to_it(
    desk: Desk, edition_id: int, provider: ScriptedProvider
) -> None:
    desk.database.transact(lambda session: claim(session, provider, limit=1, seconds=60))
    until = lease_end(desk)

    assert change_over(desk, edition_id) == Rerouted(readers=40, held=20, lease_ends_at=until)
    assert change_over(desk, edition_id) == Rerouted(readers=0, held=20, lease_ends_at=until)


def lease_end(desk: Desk) -> float:
    """When the one lease ends; a worker that died may be taken as dead by then."""
    with desk.database.reading() as session:
        (until,) = session.exec(select(Batch.leased_until).where(Batch.state == "leased")).all()
    assert until is not None
    return until


@on_postgresql
def test_what_a_worker_claims_at_the_same_moment_is_left_to_it(
    desk: Desk, edition_id: int, provider: ScriptedProvider
) -> None:
    """Who comes second waits, and sees what the first has done."""
    rerouted: list[Rerouted] = []
    overlap(
        desk.database,
        lambda session: claim(session, provider, limit=1, seconds=60),
        lambda session: rerouted.append(reroute(session, edition_id, "spare")),
    )
    assert rerouted == [Rerouted(readers=40, held=20, lease_ends_at=lease_end(desk))]


def test_a_paused_edition_may_be_rerouted_and_one_that_is_over_may_not(
    desk: Desk, edition_id: int, spare: ScriptedProvider
) -> None:
    desk.database.transact(lambda session: pause(session, edition_id, reason="why", now=NOW))
    assert change_over(desk, edition_id).readers == 60

    draft = desk.edition(slug="evening")
    with pytest.raises(EditionError, match="not being sent"):
        change_over(desk, draft)
