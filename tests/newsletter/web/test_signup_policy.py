"""The operator's rules at every door: odd addresses, a challenge, the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlmodel import delete, select

from newsletter.accounts.models import AuditEntry
from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.web import challenge
from newsletter.web.app import create_app
from subscribers.models import Happening, Subscriber
from tests.newsletter.web.test_subscribe import subscribe, words
from tests.newsletter.web.world import World


def set_rules(world: World, **settings: Any) -> None:
    world.settings = world.settings.model_copy(update=settings)


def test_odd_addresses_are_taken_with_a_warning_unless_the_operator_says_otherwise(
    web: httpx.Client, world: World
) -> None:
    answer = subscribe(web, "info@mailinator.com")
    assert answer.text.count('class="hint"') == 2
    assert "don&#39;t last" in words(answer)
    assert len(world.notices()) == 1


def test_an_operator_may_refuse_them(world: World) -> None:
    set_rules(
        world, signup_roles="refuse", signup_disposable="refuse", signup_international="refuse",
        signup_refused_domains=("@Bücher.example",),
    )  # fmt: skip
    with world.running() as web:
        for odd in ("info@example.org", "a@yopmail.com", "ådå@example.org", "a@x.bücher.example"):
            answer = subscribe(web, odd)
            assert answer.status_code == 422
            assert 'role="alert"' in answer.text
    assert world.notices() == []


# -- a challenge


@dataclass
class Riddle:
    """Lets in who knows the answer."""

    asked: list[Mapping[str, str]] = field(default_factory=list)
    database: Database | None = None

    def html(self, *, now: float) -> str:
        return f'<label>Six times seven? <input name="riddle" data-at="{now:.0f}"></label>'

    def passed(self, fields: Mapping[str, str], *, ip: str, now: float) -> bool:
        self.asked.append(fields)
        if self.database is not None:
            self.database.transact(lambda session: session.execute(delete(Happening)))
        return (fields.get("riddle"), ip, now > 0) == ("42", "127.0.0.1", True)


@pytest.fixture
def riddle(world: World, monkeypatch: pytest.MonkeyPatch) -> Riddle:
    riddle = Riddle()

    @dataclass
    class Entry:
        def load(self) -> Any:
            return lambda _secret: riddle

    monkeypatch.setattr(challenge, "entry_points", lambda **_: [Entry()])
    set_rules(world, signup_challenge="riddle")
    return riddle


def test_a_challenge_stands_in_every_form_and_lets_in_who_solves_it(
    world: World, riddle: Riddle
) -> None:
    with world.running() as web:
        for path in ("/", "/subscribe"):
            page = web.get(path)
            assert 'name="riddle"' in page.text
            assert page.headers["cache-control"] == "no-store"
        failed = subscribe(web, "ada@example.org", riddle="41")
        assert world.notices() == []
        solved = subscribe(web, "ada@example.org", riddle="42")
        assert words(solved) == words(failed)
    assert len(world.notices()) == 1
    assert riddle.asked == [{"riddle": "41"}, {"riddle": "42"}]


def test_what_fell_into_the_honeypot_is_not_asked(world: World, riddle: Riddle) -> None:
    with world.running() as web:
        subscribe(web, "ada@example.org", riddle="42", website="https://spam.example")
    assert riddle.asked == []


def test_a_challenge_may_write_to_the_database(world: World, riddle: Riddle) -> None:
    riddle.database = world.database
    with world.running() as web:
        assert subscribe(web, "ada@example.org", riddle="42").status_code == 200
    assert len(world.notices()) == 1


def test_a_challenge_that_is_not_installed_is_told_when_the_site_starts(world: World) -> None:
    set_rules(world, signup_challenge="nobody-has-this")
    with pytest.raises(ConfigurationError, match="nobody-has-this"):
        create_app(world.settings, world.database)


# -- the API


def test_a_tool_signs_somebody_up_as_the_form_does(api: httpx.Client, world: World) -> None:
    wanted = {"email": "ada@gmial.com", "name": "Ada\r\nBcc: x", "muted": ["labs", "sport"],
              "tracking": True}  # fmt: skip
    answer = api.post("/api/v1/subscribers", json=wanted)
    assert answer.status_code == 202
    assert answer.json() == {"suggestion": "ada@gmail.com", "doubts": []}
    [notice] = world.notices()
    assert (notice.kind, notice.email) == ("confirm", "ada@gmial.com")
    assert notice.data == {
        "epoch": 0, "source": "api", "wishes": {"muted": ["labs"], "tracking": True},
    }  # fmt: skip
    with world.database.reading() as session:
        assert session.exec(select(Subscriber.name)).one() == "Ada Bcc: x"
        assert session.exec(select(Happening.source)).one() == "api"
        [entry] = session.exec(select(AuditEntry)).all()
    assert (entry.actor, entry.act, entry.subject) == (
        "token:desk", "subscriber.ask", f"subscriber {notice.subscriber_id}",
    )  # fmt: skip


def test_a_tool_learns_nothing_of_who_reads_what(api: httpx.Client, world: World) -> None:
    world.reader("active@example.org")
    world.suppress("bounced@example.org")
    answers = [
        api.post("/api/v1/subscribers", json={"email": address})
        for address in ("new@example.org", "active@example.org", "bounced@example.org",
                        "new@example.org")
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"email": "no address"}, "invalid_address"),
        ({"email": "ada@example.org", "state": "active"}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_a_tools_mistake_is_told(api: httpx.Client, wanted: dict[str, str], code: str) -> None:
    answer = api.post("/api/v1/subscribers", json=wanted)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code


def test_a_sign_up_by_the_api_takes_a_token(web: httpx.Client, world: World) -> None:
    assert web.post("/api/v1/subscribers", json={"email": "a@example.org"}).status_code == 401
    assert world.notices() == []
