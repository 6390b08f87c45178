"""A provider that takes nothing from us pauses the edition and condemns nobody."""

from sqlmodel import select

from newsletter.dispatch.models import Batch
from newsletter.providers.base import Outcome, RequestRefused
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider

LATER = Outcome.later("554", "5.7.1 relay access denied", enhanced="5.7.1", provider_wide=True)


def test_outcomes_that_come_with_a_refusal_are_kept_and_the_edition_pauses(desk: Desk) -> None:
    desk.add_readers(3)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    unknown = Outcome.refused("550", "5.1.1 no such user", enhanced="5.1.1")
    error = RequestRefused("it takes nothing from us", outcomes=[LATER, unknown, LATER])

    desk.run(ScriptedProvider(error=error))

    assert desk.status(edition_id) == "paused"
    assert desk.states(edition_id) == {"queued": 2, "refused": 1}
    with desk.database.reading() as session:
        assert {batch.attempt for batch in session.exec(select(Batch))} == {0}
