"""Nobody is left out, nobody gets it twice: the ledger's walk, with a provider that obeys."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest
from sqlmodel import Session, select, update

from emails.errors import CompositionError
from newsletter.dispatch import control, sweep
from newsletter.dispatch.models import Batch
from newsletter.dispatch.outcomes import MAX_ATTEMPTS
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.providers.base import AuthenticationRefused, Outcome, SenderRefused
from newsletter.publications import Publication
from subscribers.models import SUBSCRIPTION
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, ScriptedProvider, sample_issue


def close(desk: Desk, edition_id: int) -> bool:
    return desk.database.transact(lambda session: sweep.close_if_final(session, edition_id))


def test_everybody_gets_it_once_and_the_edition_is_sent(
    desk: Desk, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(47)
    edition_id = desk.edition()
    desk.freeze(edition_id)

    desk.run(provider)

    assert sorted(provider.taken) == sorted(readers)
    assert desk.states(edition_id) == {"accepted": 47}
    assert close(desk, edition_id)
    assert desk.status(edition_id) == "sent"


def test_a_refusal_is_final_and_names_its_reason(desk: Desk, provider: ScriptedProvider) -> None:
    readers = desk.add_readers(6)
    provider.answer = lambda email: (
        Outcome.refused("550", "no such user", enhanced="5.1.1")
        if email == readers[2]
        else Outcome.accepted("250")
    )
    edition_id = desk.edition()
    desk.freeze(edition_id)

    desk.run(provider)

    assert desk.states(edition_id) == {"accepted": 5, "refused": 1}
    assert "550 5.1.1 no such user" in {one.reason for one in desk.deliveries(edition_id)}


def test_a_providers_words_are_stored_without_control_characters(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(1)
    edition_id = desk.edition()
    provider.answer = lambda _email: Outcome.refused("550", text="no\0 such\r\n\x1buser")
    desk.freeze(edition_id)

    desk.run(provider)

    assert desk.deliveries(edition_id)[0].reason == "550 no such user"


def test_what_is_put_off_is_tried_again_and_only_that(
    desk: Desk, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(9)
    busy = True
    provider.answer = lambda email: (
        Outcome.later("421") if busy and email in readers[:4] else Outcome.accepted("250")
    )
    edition_id = desk.edition()
    desk.freeze(edition_id)
    desk.run(provider)
    assert desk.states(edition_id) == {"accepted": 5, "queued": 4}
    assert not close(desk, edition_id)

    busy = False
    desk.make_due()
    desk.run(provider)

    assert sorted(provider.taken) == sorted(readers)
    assert desk.states(edition_id) == {"accepted": 9}


def test_attempts_that_are_used_up_fail(desk: Desk, provider: ScriptedProvider) -> None:
    desk.add_readers(2)
    provider.answer = lambda _email: Outcome.later("451", "greylisted")
    edition_id = desk.edition()
    desk.freeze(edition_id)

    for _ in range(MAX_ATTEMPTS):
        desk.make_due()
        desk.run(provider)

    assert desk.states(edition_id) == {"failed": 2}
    assert close(desk, edition_id)


def test_a_provider_out_of_service_costs_no_attempt(desk: Desk, provider: ScriptedProvider) -> None:
    desk.add_readers(2)
    provider.answer = lambda _email: Outcome.later("429", provider_wide=True, retry_after=0.0)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    for _ in range(2 * MAX_ATTEMPTS):
        desk.make_due()
        desk.run(provider)
    assert desk.states(edition_id) == {"queued": 2}

    provider.answer = lambda _email: Outcome.accepted("250")
    desk.make_due()
    desk.run(provider)

    assert desk.states(edition_id) == {"accepted": 2}


def test_what_nobody_knows_is_unsure_and_never_sent_again_by_itself(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(3)
    provider.answer = lambda _email: Outcome.unsure("timeout")
    edition_id = desk.edition()
    desk.freeze(edition_id)
    desk.run(provider)
    assert desk.states(edition_id) == {"unsure": 3}

    provider.answer = lambda _email: Outcome.accepted("250")
    desk.make_due()
    desk.run(provider)

    assert desk.states(edition_id) == {"unsure": 3}
    assert provider.taken == []
    assert not close(desk, edition_id)


def test_who_left_since_the_freeze_is_excluded_with_the_reason(
    desk: Desk, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    with desk.database.writing() as session:
        session.exec(
            update(SUBSCRIPTION)
            .where(SUBSCRIPTION.c.subscriber_id == desk.deliveries(edition_id)[1].subscriber_id)
            .values(state="unsubscribed", mailable=False)
        )

    desk.run(provider)

    assert sorted(provider.taken) == sorted(set(readers) - {readers[1]})
    assert desk.deliveries(edition_id)[1].state == "excluded"
    assert desk.deliveries(edition_id)[1].reason == "unsubscribed"
    assert close(desk, edition_id)


def test_who_changed_preferences_gets_the_right_variant(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    changed = desk.deliveries(edition_id)[3].subscriber_id
    with desk.database.writing() as session:
        session.exec(
            update(SUBSCRIPTION)
            .where(SUBSCRIPTION.c.subscriber_id == changed)
            .values(tracking="off", muted="labs")
        )

    desk.run(provider)

    assert desk.states(edition_id) == {"accepted": 5}
    assert [one.tracking for one in desk.deliveries(edition_id)].count("off") == 1
    with desk.database.reading() as session:
        batch = session.get_one(Batch, desk.deliveries(edition_id)[3].batch_id)
    assert batch.variant == "off-labs"
    assert any("labs.example/1" not in html and "/o/" not in html for html in provider.pages())


def test_a_paused_edition_hands_off_nothing_more_and_goes_on_when_resumed(
    desk: Desk, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(30)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)
    desk.database.transact(
        lambda session: control.pause(session, edition_id, reason="a look", now=NOW)
    )
    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass
    taken = len(provider.taken)
    assert 0 < taken < 30

    desk.database.transact(lambda session: control.resume(session, edition_id, site=SITE, now=NOW))
    desk.run(provider)

    assert sorted(provider.taken) == sorted(readers)


def correct_issue(session: Session, publication: Publication) -> None:
    issue = sample_issue(title="Morning, corrected")
    import_issue(session, publication, issue, source="", author="ada", now=NOW)


def correct_brand(_session: Session, publication: Publication) -> None:
    publication.postal_address = "2 Other Street, corrected"


@pytest.mark.parametrize("correct", [correct_issue, correct_brand])
def test_what_was_corrected_and_approved_anew_goes_on_with_the_correction(
    desk: Desk, provider: ScriptedProvider, correct: Callable[[Session, Publication], None]
) -> None:
    readers = desk.add_readers(30)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)
    before = len(provider.mailings)
    desk.database.transact(
        lambda session: control.pause(session, edition_id, reason="a typo", now=NOW)
    )
    with desk.database.writing() as session:
        publication = session.get_one(Publication, desk.publication_id)
        correct(session, publication)
        edition = session.get_one(Edition, edition_id)
        approve(session, edition, publication, SITE, by="ada", now=NOW)
    desk.database.transact(lambda session: control.resume(session, edition_id, site=SITE, now=NOW))

    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass

    assert sorted(provider.taken) == sorted(readers)
    with desk.database.reading() as session:
        used = {batch.composition_id for batch in session.exec(select(Batch))}
    assert len(used) == 2
    assert ["corrected" in html for html in provider.pages()[before:]] == [True]


def test_cancelling_ends_what_waits_and_keeps_what_went_out(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(30)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    dispatcher = desk.dispatcher(provider)
    dispatcher.step(patience=0.0)

    desk.database.transact(lambda session: control.cancel(session, edition_id, now=NOW))
    while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
        pass

    states = desk.states(edition_id)
    assert states["accepted"] == len(provider.taken) > 0
    assert states["accepted"] + states["cancelled"] == 30


def test_a_refused_key_pauses_the_edition_and_loses_nothing(
    desk: Desk, provider: ScriptedProvider
) -> None:
    readers = desk.add_readers(12)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    provider.error = AuthenticationRefused("bad key")
    desk.run(provider)
    assert desk.status(edition_id) == "paused"
    assert desk.states(edition_id) == {"queued": 12}

    provider.error = None
    desk.database.transact(lambda session: control.resume(session, edition_id, site=SITE, now=NOW))
    desk.run(provider)

    assert sorted(provider.taken) == sorted(readers)


@pytest.mark.parametrize(
    ("error", "other"),
    [(AuthenticationRefused("bad key"), "paused"), (SenderRefused("not from you"), "sending")],
)
def test_a_refused_key_pauses_the_editions_that_wait_as_well(
    desk: Desk, provider: ScriptedProvider, error: Exception, other: str
) -> None:
    """A sender that is refused is one publication's matter."""
    desk.add_readers(3)
    waiting, refused = desk.edition(), desk.edition(date="2026-11-23")
    desk.freeze(waiting)
    with desk.database.writing() as session:
        session.execute(update(Batch).values(due_at=NOW * 2))
    desk.freeze(refused)
    provider.error = error

    desk.run(provider)

    assert [desk.status(refused), desk.status(waiting)] == ["paused", other]


def test_what_is_too_late_expires(desk: Desk, provider: ScriptedProvider) -> None:
    desk.add_readers(4)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    with desk.database.writing() as session:
        edition = session.get_one(Edition, edition_id)
        edition.not_after = 1.0
        session.add(edition)

    desk.run(provider)

    assert desk.states(edition_id) == {"expired": 4}
    assert close(desk, edition_id)


def test_a_provider_that_breaks_leaves_its_window_unsure_and_the_rest_goes_out(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(25)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    answer, asked = provider.answer, []

    def break_once(email: str) -> Outcome:
        asked.append(email)
        if len(asked) == 1:
            raise KeyError("a bug of the provider's")
        return answer(email)

    provider.answer = break_once
    desk.run(provider)

    assert desk.states(edition_id) == {"unsure": 10, "accepted": 15}
    assert len(set(provider.taken)) == len(provider.taken) == 15


def test_a_provider_that_answers_for_too_few_leaves_its_window_unsure(
    desk: Desk, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add_readers(3)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    silence: Future[Sequence[Outcome]] = Future()
    silence.set_result([])
    monkeypatch.setattr(provider, "submit", lambda _mailing: silence)

    desk.run(provider)

    assert desk.states(edition_id) == {"unsure": 3}


def test_a_variant_that_cannot_be_composed_pauses_the_edition(
    desk: Desk, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = desk.add_readers(5)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    with monkeypatch.context() as broken:

        def fail(*_args: object, **_options: object) -> None:
            raise CompositionError("a template is broken")

        broken.setattr("newsletter.dispatch.imprints.composed", fail)
        desk.run(provider)
    assert desk.status(edition_id) == "paused"
    assert provider.taken == []

    desk.database.transact(lambda session: control.resume(session, edition_id, site=SITE, now=NOW))
    desk.run(provider)

    assert sorted(provider.taken) == sorted(readers)
