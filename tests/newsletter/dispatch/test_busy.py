"""A dispatcher that waits for its provider is at work, and nobody may put it to sleep."""

from collections.abc import Sequence
from concurrent.futures import Future

from newsletter.providers.base import Mailing, Outcome
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider


class SlowProvider(ScriptedProvider):
    """Keeps what it is given until told to answer."""

    def submit(self, mailing: Mailing) -> Future[Sequence[Outcome]]:
        self.waiting: Future[Sequence[Outcome]] = Future()
        self.outcomes = super().submit(mailing).result()
        return self.waiting


def test_a_step_says_that_there_is_more_to_do_while_the_provider_has_a_window(desk: Desk) -> None:
    desk.add_readers(3)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider = SlowProvider(in_flight=1)
    dispatcher = desk.dispatcher(provider)

    assert dispatcher.step(patience=0.0)
    assert dispatcher.step(patience=0.0), "the window is still out"

    provider.waiting.set_result(provider.outcomes)
    while dispatcher.step(patience=0.0):
        pass
    assert dispatcher.is_idle
    assert desk.states(edition_id) == {"accepted": 3}
