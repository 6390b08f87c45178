"""The audience is fixed once, whole, however often the freeze is interrupted."""

import pytest
from sqlmodel import col, func, select

from newsletter.dispatch.freeze import FreezePlan, freeze_chunk
from newsletter.dispatch.models import Batch, Delivery
from newsletter.editions.models import Edition
from newsletter.providers.base import Outcome
from subscribers.models import Subscriber
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider


def test_everybody_who_may_get_mail_is_in_the_audience_once(desk: Desk) -> None:
    desk.add_readers(53)
    desk.add_readers(4, mailable=False, state="unsubscribed")
    edition_id = desk.edition()

    desk.freeze(edition_id, chunk=10)

    assert desk.states(edition_id) == {"queued": 53}
    assert desk.status(edition_id) == "sending"
    with desk.database.reading() as session:
        assert session.get_one(Edition, edition_id).recipients == 53


def test_every_delivery_refers_to_a_reader_and_to_a_batch_of_its_edition(
    desk: Desk, provider: ScriptedProvider
) -> None:
    """No foreign key says so (docs/decisions/0010): the freeze and what moves rows on do."""
    desk.add_readers(30)
    provider.answer = lambda email: (
        Outcome.later("450") if email.startswith("reader1") else Outcome.accepted("250")
    )
    edition_id = desk.edition()
    desk.freeze(edition_id, chunk=10)
    desk.run(provider)

    whole = (
        select(func.count())
        .select_from(Delivery)
        .join(Subscriber, col(Subscriber.id) == col(Delivery.subscriber_id))
        .join(
            Batch,
            (col(Batch.id) == col(Delivery.batch_id))
            & (col(Batch.edition_id) == col(Delivery.edition_id)),
        )
        .where(Delivery.edition_id == edition_id)
    )
    with desk.database.reading() as session:
        assert session.exec(whole).one() == 30
        assert len(desk.states(edition_id)) == 2


def test_a_freeze_goes_on_where_it_was_interrupted(desk: Desk) -> None:
    desk.add_readers(30)
    edition_id = desk.edition()
    plan = FreezePlan("scripted", 4, chunk=10)
    desk.database.transact(lambda session: freeze_chunk(session, edition_id, plan), snapshot=True)

    def interrupted(session: object) -> None:
        freeze_chunk(session, edition_id, plan)  # type: ignore[arg-type]
        raise InterruptedError

    with pytest.raises(InterruptedError):
        desk.database.transact(interrupted, snapshot=True)
    assert desk.status(edition_id) == "scheduled"

    desk.freeze(edition_id, chunk=10)

    assert desk.states(edition_id) == {"queued": 30}


def test_a_batch_holds_one_variant_and_one_lane(desk: Desk) -> None:
    desk.add_readers(7, tracking="linked")
    desk.add_readers(5, tracking="off", muted="labs")
    desk.add_readers(3, tracking="off", muted="labs", lane="gmail")
    desk.add_readers(2, tracking="linked", muted="papers")  # not in this edition: same variant
    edition_id = desk.edition()

    desk.freeze(edition_id, batch_size=4)

    with desk.database.reading() as session:
        batches = session.exec(select(Batch)).all()
    sizes = sorted((batch.variant, batch.lane, batch.size) for batch in batches)
    assert sizes == [
        ("linked", "other", 1),
        ("linked", "other", 4),
        ("linked", "other", 4),
        ("off-labs", "gmail", 3),
        ("off-labs", "other", 1),
        ("off-labs", "other", 4),
    ]
    for delivery in desk.deliveries(edition_id):
        batch = next(one for one in batches if one.id == delivery.batch_id)
        assert delivery.tracking == batch.variant.partition("-")[0]
        assert 0 <= delivery.position < batch.size


def test_a_limit_cuts_the_audience(desk: Desk) -> None:
    desk.add_readers(30)
    edition_id = desk.edition()
    with desk.database.writing() as session:
        edition = session.get_one(Edition, edition_id)
        edition.audience_limit = 12
        session.add(edition)

    desk.freeze(edition_id, chunk=5)

    assert desk.states(edition_id) == {"queued": 12}


def test_an_edition_without_readers_is_frozen_empty(desk: Desk) -> None:
    edition_id = desk.edition()

    desk.freeze(edition_id)

    assert desk.states(edition_id) == {}
    assert desk.status(edition_id) == "sending"
