"""What dead workers leave in doubt is shown, and settled by evidence, a person or the policy."""

from functools import partial

import pytest
from sqlmodel import Session, update

from newsletter.dispatch import control, ledger, settle, sweep
from newsletter.dispatch.handoff import Drained, HandOff, Window
from newsletter.dispatch.handoff import hand_off as hand_off_window
from newsletter.dispatch.ledger import Lease
from newsletter.dispatch.locks import lock_batches, lock_edition
from newsletter.dispatch.models import BATCH
from newsletter.dispatch.outcomes import finish_window
from newsletter.dispatch.pacing import Pace
from newsletter.errors import EditionError, LeaseLost
from newsletter.providers.base import Outcome
from newsletter.publications import Publication
from tests.newsletter.dispatch.desk import NOW, Desk, ScriptedProvider, SlowProvider


def claim_one(desk: Desk, *, seconds: float = 60.0) -> Lease:
    return desk.database.transact(
        lambda session: ledger.claim(session, ScriptedProvider(), limit=1, seconds=seconds)
    )[0]


def hand_off(desk: Desk, lease: Lease, most: int = 5) -> HandOff:
    edition = desk.dispatcher(ScriptedProvider())._imprints.of(desk.database, lease)
    return desk.database.transact(
        lambda session: hand_off_window(
            session,
            lock_edition(session, lease.edition_id),
            lease,
            edition.rules,
            most=most,
            pace=Pace(0),
            slowed=(),
            composition_id=edition.composition_id,
        )
    )


def let_lease_run_out(desk: Desk, lease: Lease) -> None:
    with desk.database.writing() as session:
        session.exec(update(BATCH).where(BATCH.c.id == lease.batch_id).values(leased_until=0.0))


def bury_the_dead(desk: Desk) -> int:
    with desk.database.reading() as session:
        dead = sweep.dead_leases(session)
    return sum(desk.database.transact(partial(sweep.bury, dead=one)) for one in dead)


def test_a_dead_workers_handed_off_rows_are_unsure_and_the_rest_goes_out(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(12)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    assert isinstance(hand_off(desk, lease, most=5), Window)
    let_lease_run_out(desk, lease)

    assert bury_the_dead(desk) == 5
    desk.run(provider)

    assert desk.states(edition_id) == {"unsure": 5, "accepted": 7}
    assert len(set(provider.taken)) == len(provider.taken) == 7


def test_a_person_settles_unsure_rows_by_resend(desk: Desk, provider: ScriptedProvider) -> None:
    readers = desk.add_readers(8)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    hand_off(desk, lease, most=3)
    let_lease_run_out(desk, lease)
    bury_the_dead(desk)

    count = desk.database.transact(lambda session: settle.settle_by_resend(session, edition_id))
    desk.run(provider)

    assert count == 3
    assert sorted(provider.taken) == sorted(readers)
    assert desk.states(edition_id) == {"accepted": 8}


def test_a_mail_log_settles_exactly_what_it_names(desk: Desk) -> None:
    desk.add_readers(6)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    hand_off(desk, lease, most=6)
    let_lease_run_out(desk, lease)
    bury_the_dead(desk)
    first, second = (one.subscriber_id for one in desk.deliveries(edition_id)[:2])
    lines = [
        f"queued message-id=<{edition_id}-{first}@ledger.example>",
        f"<{edition_id}-{second}@ledger.example> sent",
        f"<{edition_id + 1}-{second + 1}@ledger.example> of another edition",
    ]

    settled = desk.database.transact(
        lambda session: settle.settle_by_evidence(session, edition_id, lines)
    )

    assert settled == 2
    assert desk.states(edition_id) == {"accepted": 2, "unsure": 4}


@pytest.mark.parametrize(
    ("policy", "states"),
    [("ask", {"unsure": 4}), ("resend", {"queued": 4}), ("assume-sent", {"accepted": 4})],
)
def test_the_policy_settles_after_the_wait(desk: Desk, policy: str, states: dict[str, int]) -> None:
    desk.add_readers(4)
    with desk.database.writing() as session:
        publication = session.get_one(Publication, desk.publication_id)
        publication.unsure = policy
        session.add(publication)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    hand_off(desk, lease)
    let_lease_run_out(desk, lease)
    bury_the_dead(desk)

    desk.database.transact(
        lambda session: settle.apply_policy(session, edition_id, wait=3600.0, now=NOW)
    )
    assert desk.states(edition_id) == {"unsure": 4}
    desk.database.transact(
        lambda session: settle.apply_policy(session, edition_id, wait=0.0, now=NOW)
    )

    assert desk.states(edition_id) == states
    assert {one.assumed for one in desk.deliveries(edition_id)} == {policy == "assume-sent"}


def test_a_worker_whose_lease_ran_out_hands_off_nothing(desk: Desk) -> None:
    desk.add_readers(4)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    let_lease_run_out(desk, lease)
    bury_the_dead(desk)
    fresh = claim_one(desk)

    with pytest.raises(LeaseLost):
        hand_off(desk, lease)

    assert fresh.batch_id == lease.batch_id
    assert isinstance(hand_off(desk, fresh), Window)
    assert isinstance(hand_off(desk, fresh), Drained)


def test_nothing_is_sent_again_of_a_cancelled_edition(desk: Desk) -> None:
    desk.add_readers(4)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    hand_off(desk, lease)
    let_lease_run_out(desk, lease)
    bury_the_dead(desk)
    desk.database.transact(lambda session: control.cancel(session, edition_id, now=NOW))

    with pytest.raises(EditionError, match="cancelled"):
        desk.database.transact(lambda session: settle.settle_by_resend(session, edition_id))


def test_settling_what_was_settled_changes_nothing(desk: Desk, provider: ScriptedProvider) -> None:
    desk.add_readers(4)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    desk.run(provider)
    desk.database.transact(lambda session: sweep.close_if_final(session, edition_id))

    for act in (
        settle.settle_by_resend,
        partial(settle.settle_as_sent, assumed=False),
        partial(settle.settle_by_evidence, log_lines=[]),
    ):
        assert desk.database.transact(partial(act, edition_id=edition_id)) == 0
    assert desk.states(edition_id) == {"accepted": 4}


def test_the_policy_sends_again_once_and_then_asks(desk: Desk, provider: ScriptedProvider) -> None:
    desk.add_readers(3)
    with desk.database.writing() as session:
        publication = session.get_one(Publication, desk.publication_id)
        publication.unsure = "resend"
        session.add(publication)
    provider.answer = lambda _email: Outcome.unsure("timeout")
    edition_id = desk.edition()
    desk.freeze(edition_id)
    asked = 0
    for _ in range(5):
        desk.run(provider)
        asked += len(provider.mailings)
        provider.mailings.clear()
        desk.database.transact(
            lambda session: settle.apply_policy(session, edition_id, wait=0.0, now=NOW)
        )

    assert asked == 2
    assert desk.states(edition_id) == {"unsure": 3}


def test_a_late_accepted_stops_the_second_copy(desk: Desk, provider: ScriptedProvider) -> None:
    """A worker taken for dead had its window accepted; meanwhile a person said: send again."""
    desk.add_readers(4)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    lease = claim_one(desk)
    window = hand_off(desk, lease, most=4)
    assert isinstance(window, Window)
    let_lease_run_out(desk, lease)
    bury_the_dead(desk)
    desk.database.transact(lambda session: settle.settle_by_resend(session, edition_id))

    outcomes = [Outcome.accepted("250")] * len(window.rows)

    def finish(session: Session) -> None:
        edition = lock_edition(session, edition_id)
        batch = lock_batches(session, {lease.batch_id})[lease.batch_id]
        finish_window(session, edition, batch, window, outcomes)

    desk.database.transact(finish)
    desk.run(provider)

    assert provider.taken == []
    assert desk.states(edition_id) == {"accepted": 4}


def test_a_hand_off_that_we_never_heard_of_is_in_doubt_and_not_forgotten(
    desk: Desk, provider: ScriptedProvider
) -> None:
    """The answer to a COMMIT got lost: the rows are handed off, and no window is under way."""
    desk.add_readers(20)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    dispatcher = desk.dispatcher(provider)
    dispatcher._turn([], claims=True)
    [held] = dispatcher._held.values()
    hand_off(desk, held.lease, most=6)
    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass

    assert desk.states(edition_id) == {"unsure": 6, "accepted": 14}
    assert not desk.database.transact(lambda session: sweep.close_if_final(session, edition_id))


def test_an_answer_may_come_when_the_batch_was_lost_claimed_again_and_closed(desk: Desk) -> None:
    """Two windows are with the provider when the lease runs out; the same worker ends the batch."""
    desk.add_readers(9)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider = SlowProvider()
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)
    [lease] = [held.lease for held in dispatcher._held.values()]
    let_lease_run_out(desk, lease)
    assert bury_the_dead(desk) == 6

    accepted = ["accepted"] * 3
    dispatcher.step(patience=0.0)
    provider.deal(accepted)
    dispatcher.step(patience=0.0)
    late = provider.pending.pop(0)
    provider.deal(accepted)
    dispatcher.step(patience=0.0)
    provider.pending.append(late)
    provider.deal(accepted)
    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass

    assert desk.states(edition_id) == {"accepted": 9}
    assert desk.database.transact(lambda session: sweep.close_if_final(session, edition_id))
