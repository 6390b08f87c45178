"""Confirmations and other small mails: one person each, and never forgotten."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select

from newsletter.database import Database
from newsletter.dispatch.alerts import alert
from newsletter.dispatch.ledger import monotonic
from newsletter.dispatch.models import Notice, ProviderRate
from newsletter.dispatch.notices import AT_ONCE, NoticeSender
from newsletter.dispatch.outcomes import MAX_ATTEMPTS
from newsletter.dispatch.pacing import Pace
from newsletter.dispatch.queue import queue_notice
from newsletter.providers.base import AuthenticationRefused, Outcome, RequestRefused
from newsletter.settings import Settings
from newsletter.site import Site
from newsletter.tokens import Purpose
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        secret_key=SecretStr("a secret for notices"),
        base_url="https://ledger.example",
        alert_email="desk@ledger.example",
        mail_folder=tmp_path,
    )


@pytest.fixture
def sender(database: Database, provider: ScriptedProvider, settings: Settings) -> NoticeSender:
    return NoticeSender(database, provider, settings, pace=Pace(0))


def queue_confirmation(desk: Desk, email: str = "ada@example.org", *, epoch: int = 3) -> None:
    [reader] = desk.add_readers(1)
    with desk.database.writing() as session:
        queue_notice(
            session,
            publication_id=desk.publication_id,
            kind="confirm",
            email=email,
            subscriber_id=int(re.sub(r"\D", "", reader)),
            data={"epoch": epoch, "wishes": {"muted": [], "tracking": True}},
            now=0.0,
        )


def notices(database: Database) -> list[Notice]:
    with database.reading() as session:
        return list(session.exec(select(Notice).order_by(Notice.id)))  # type: ignore[arg-type]


def make_due(database: Database) -> None:
    def work(session: Session) -> None:
        for notice in session.exec(select(Notice)):
            notice.due_at = 0.0
            session.add(notice)

    database.transact(work)


def test_a_confirmation_carries_a_token_minted_when_it_is_sent(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider, settings: Settings
) -> None:
    queue_confirmation(desk, epoch=3)
    assert "token" not in str(notices(desk.database)[0].data)

    assert sender.step() == 1

    [mailing] = provider.mailings
    found = re.search(r"https://ledger\.example/confirm/([\w-]+)", mailing.composition.text)
    assert found is not None
    numbers = Site.of(settings).signer.read(Purpose.CONFIRM, found[1])
    assert numbers[:3] == (desk.publication_id, 1, 3)
    assert mailing.headers.auto_submitted
    assert mailing.urgent
    assert notices(desk.database)[0].state == "sent"
    assert sender.step() == 0


def test_a_notice_comes_back_to_an_address_of_its_own(
    desk: Desk, provider: ScriptedProvider, settings: Settings
) -> None:
    returning = settings.model_copy(update={"bounce_address": "bounces@ledger.example"})
    for one in (settings, returning):
        queue_confirmation(desk)
        NoticeSender(desk.database, provider, one, pace=Pace(0)).step()

    plain, own = ((mailing, mailing.recipients[0]) for mailing in provider.mailings)
    assert plain[0].return_path is None
    assert own[0].return_path is not None
    assert own[0].return_path(own[1]) == Site.of(returning).notice_return_path(2)


def test_a_notice_in_doubt_is_sent_again(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk)
    provider.answer = lambda _email: Outcome.unsure("timeout")
    sender.step()
    assert notices(desk.database)[0].state == "queued"

    provider.answer = lambda _email: Outcome.accepted("250")
    make_due(desk.database)
    sender.step()

    assert notices(desk.database)[0].state == "sent"
    assert len(provider.mailings) == 2


def test_what_a_dead_worker_left_behind_is_taken_over(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk)
    with desk.database.writing() as session:
        notice = session.exec(select(Notice)).one()
        notice.state, notice.token, notice.leased_until = "leased", "of the dead", 1.0
        session.add(notice)

    assert sender.step() == 1
    assert notices(desk.database)[0].state == "sent"


def test_two_senders_send_one_notice_once(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider, settings: Settings
) -> None:
    queue_confirmation(desk)
    other = NoticeSender(desk.database, provider, settings, pace=Pace(0))

    assert sender.step() + other.step() == 1


def test_a_refusal_is_final_and_attempts_end(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk, "gone@example.org")
    queue_confirmation(desk, "busy@example.org")
    provider.answer = lambda email: (
        Outcome.refused("550", "no such user")
        if email == "gone@example.org"
        else Outcome.later("451")
    )
    for _ in range(MAX_ATTEMPTS + 1):
        sender.step()
        make_due(desk.database)

    gone, busy = notices(desk.database)
    assert (gone.state, gone.error) == ("failed", "550 no such user")
    assert busy.state == "failed"
    assert len(provider.mailings) == 1 + MAX_ATTEMPTS


def test_a_refused_key_leaves_notices_waiting(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk)
    provider.error = AuthenticationRefused("bad key")
    for _ in range(MAX_ATTEMPTS + 1):
        sender.step()
        make_due(desk.database)
    [notice] = notices(desk.database)
    assert (notice.state, notice.attempt, notice.error) == ("queued", 0, "refused bad key")


def test_a_notice_that_the_provider_refuses_to_hear_of_is_not_tried_for_ever(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk)
    provider.error = RequestRefused("as a whole")
    for _ in range(MAX_ATTEMPTS):
        sender.step()
        make_due(desk.database)
    assert notices(desk.database)[0].state == "failed"


def test_a_provider_that_breaks_over_one_notice_still_gets_the_others(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk, "odd@example.org")
    queue_confirmation(desk, "fine@example.org")

    def answer(email: str) -> Outcome:
        if email == "odd@example.org":
            raise RuntimeError("a provider's bug,\non two lines")
        return Outcome.accepted("250")

    provider.answer = answer
    sender.step()

    odd, fine = notices(desk.database)
    assert (odd.state, fine.state) == ("queued", "sent")
    assert odd.error is not None
    assert "\n" not in odd.error


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.later("unreachable", "connection refused"),
        Outcome.later("not-begun"),
        Outcome.later("429", provider_wide=True),
    ],
    ids=lambda outcome: outcome.code,
)
def test_a_provider_that_is_away_uses_up_no_attempts(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider, outcome: Outcome
) -> None:
    queue_confirmation(desk)
    provider.answer = lambda _email: outcome
    for _ in range(MAX_ATTEMPTS + 1):
        assert sender.step() == 1
        assert sender.step() == 0, "it waits before the next try"
        make_due(desk.database)
    assert notices(desk.database)[0].state == "queued"

    provider.answer = lambda _email: Outcome.accepted("250")
    sender.step()

    [notice] = notices(desk.database)
    assert (notice.state, notice.error) == ("sent", None)


def test_a_notice_takes_its_own_share_of_the_rate_only(
    desk: Desk, provider: ScriptedProvider, settings: Settings
) -> None:
    queue_confirmation(desk)
    sender = NoticeSender(desk.database, provider, settings, pace=Pace(0.001))
    before = desk.database.now()

    assert sender.step() == 1

    with desk.database.reading() as session:
        arrival = session.exec(select(ProviderRate)).one().arrival
    assert (arrival - before) * 0.001 == pytest.approx(1.0, abs=0.5)


@pytest.mark.parametrize("rate", [0.1, 0.001])
def test_notices_beyond_the_rate_wait_and_keep_their_attempts(
    desk: Desk, provider: ScriptedProvider, settings: Settings, rate: float
) -> None:
    for _ in range(AT_ONCE + 1):
        queue_confirmation(desk)
    sender = NoticeSender(desk.database, provider, settings, pace=Pace(rate))

    assert [sender.step(), sender.step()] == [1, 0]

    last = notices(desk.database)[-1]
    assert (last.state, last.attempt) == ("queued", 0)


def test_a_notice_is_not_begun_after_its_lease(
    desk: Desk,
    sender: NoticeSender,
    provider: ScriptedProvider,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue_confirmation(desk)
    sender.step()
    [mailing] = provider.mailings
    assert mailing.may_begin()
    after = monotonic() + settings.lease_seconds
    monkeypatch.setattr("newsletter.dispatch.notices.monotonic", lambda: after)
    assert not mailing.may_begin()


def test_a_notice_that_cannot_be_composed_fails_alone(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    with desk.database.writing() as session:
        queue_notice(
            session,
            publication_id=desk.publication_id,
            kind="carrier-pigeon",
            email="ada@example.org",
            now=0.0,
        )
    queue_confirmation(desk)

    sender.step()

    broken, sound = notices(desk.database)
    assert broken.state == "failed"
    assert "carrier-pigeon" in (broken.error or "")
    assert sound.state == "sent"


def test_an_alert_goes_to_the_address_that_is_set_once_per_key(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    for _ in range(2):
        with desk.database.writing() as session:
            alert(
                session,
                desk.publication_id,
                key="held:1:1",
                subject="Edition 2026-11-22 was due and did NOT go out",
                lines=["Changed after approval."],
                now=0.0,
            )

    assert sender.step() == 1
    assert provider.taken == ["desk@ledger.example"]
    assert "did NOT go out" in provider.mailings[0].composition.subject


def test_an_alert_without_an_address_is_kept_as_failed(
    desk: Desk, database: Database, provider: ScriptedProvider, settings: Settings
) -> None:
    deaf = NoticeSender(
        database, provider, settings.model_copy(update={"alert_email": ""}), pace=Pace(0)
    )
    with database.writing() as session:
        alert(session, desk.publication_id, key="k", subject="s", lines=["l"], now=0.0)

    deaf.step()

    assert provider.mailings == []
    assert notices(database)[0].error == "unsent ALERT_EMAIL is not set"


def test_notices_wait_while_a_real_provider_may_not_send(
    desk: Desk, database: Database, settings: Settings
) -> None:
    provider = ScriptedProvider(loopback=False)
    unsafe = settings.model_copy(update={"base_url": "http://127.0.0.1:8000"})
    queue_confirmation(desk)

    NoticeSender(database, provider, unsafe, pace=Pace(0)).step()

    assert provider.mailings == []
    assert notices(database)[0].state == "queued"


def test_a_notice_says_nothing_that_a_stranger_typed(
    desk: Desk, sender: NoticeSender, provider: ScriptedProvider
) -> None:
    queue_confirmation(desk)
    sender.step()
    mailing = provider.mailings[0]
    assert "ada" not in mailing.composition.html + mailing.composition.text
