"""A copy of a person's data, and its erasure, by the person: the same answer for everyone."""

import httpx
import pytest
from sqlmodel import select

from newsletter.publications import Publication
from newsletter.tokens import Purpose
from subscribers.models import Subscriber, SuppressionReason
from subscribers.suppression import suppress
from tests.newsletter.privacy.house import everything
from tests.newsletter.web.test_subscribe import words
from tests.newsletter.web.world import World

DAY = 86_400


@pytest.fixture
def reader(world: World) -> int:
    number = world.reader()
    world.clock.move(DAY)  # whoever signed up just now has used up some of the day's mails
    return number


def ask(web: httpx.Client, email: str, wish: str = "copy", **fields: str) -> httpx.Response:
    return web.post("/my-data", data={"email": email, "wish": wish, **fields})


def link(world: World, reader: int, wish: str, *, epoch: int = 0, hours: int = 24) -> str:
    with world.database.reading() as session:
        publication = session.get_one(Publication, world.publication_id)
    return world.site.fresh_url(
        publication, reader, epoch, page=f"my-data/{wish}", purpose=Purpose[wish.upper()],
        now=world.clock() + (hours - 24) * 3600,
    )  # fmt: skip


@pytest.mark.parametrize("wish", ["copy", "erasure"])
def test_the_link_is_mailed_to_the_address_itself(
    web: httpx.Client, world: World, reader: int, wish: str
) -> None:
    answer = ask(web, "Ada@Example.org", wish)
    assert "Look in your inbox" in answer.text
    [notice] = world.notices()
    assert (notice.kind, notice.email, notice.subscriber_id) == (wish, "ada@example.org", reader)
    assert notice.data == {"epoch": 0}


def test_everyone_gets_the_same_answer(web: httpx.Client, world: World, reader: int) -> None:
    world.suppress("bounced@example.org")
    addresses = ["ada@example.org", "nobody@example.org", "bounced@example.org"]
    answers = [ask(web, address) for address in addresses]
    answers.append(ask(web, "ada@example.org"))  # throttled
    answers.append(ask(web, "robot@example.org", website="https://spam.example"))
    assert {answer.status_code for answer in answers} == {200}
    assert len({words(answer) for answer in answers}) == 1
    assert [notice.subscriber_id for notice in world.notices()] == [reader]


def test_what_is_no_address_is_told_so(web: httpx.Client) -> None:
    answer = ask(web, "not an address")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_strangers_cause_no_more_than_three_mails_a_day_with_both_forms(
    web: httpx.Client, world: World, reader: int
) -> None:
    for number in range(40):
        world.clock.move(901)
        if number % 2:
            ask(web, "ada@example.org", "erasure")
        else:
            web.post("/subscribe", data={"email": "ada@example.org"})
    assert len(world.notices()) == 3


def test_an_address_that_an_editor_took_off_gets_nothing(
    web: httpx.Client, world: World, reader: int
) -> None:
    with world.database.writing() as session:
        suppress(session, "ada@example.org", SuppressionReason.MANUAL, now=world.clock())
    ask(web, "ada@example.org")
    assert world.notices() == []


@pytest.mark.parametrize("wish", ["copy", "erasure"])
def test_a_get_shows_a_button_and_changes_nothing(
    web: httpx.Client, world: World, reader: int, wish: str
) -> None:
    before = everything(world.database)
    page = web.get(link(world, reader, wish))
    assert page.status_code == 200
    assert "<button" in page.text
    assert "a•••@example.org" in page.text
    assert "ada@example.org" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert everything(world.database) == before


def test_the_copy_has_everything_and_the_link_works_once(
    web: httpx.Client, world: World, reader: int
) -> None:
    path = link(world, reader, "copy")
    answer = web.post(path)
    data = answer.json()
    assert data["email"] == "ada@example.org"
    assert data["timeline"][-1]["what"] == "first known"
    assert {"subscriptions", "consent", "deliveries", "clicks", "events", "mails"} <= set(data)
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    for answer in (web.post(path), web.get(path)):
        assert answer.status_code == 410
        assert "works once" in answer.text
        assert "ign up once more" not in answer.text


def test_erasure_erases_and_the_link_works_once(
    web: httpx.Client, world: World, reader: int
) -> None:
    ask(web, "ada@example.org", "erasure")
    path = link(world, reader, "erasure")
    answer = web.post(path)
    assert "All is erased" in answer.text
    assert "ada@" not in everything(world.database)
    with world.database.reading() as session:
        assert session.exec(select(Subscriber.erased_at)).one() == world.clock()
    assert web.post(path).status_code == 410


def test_a_link_opens_nothing_but_its_own_door(
    web: httpx.Client, world: World, reader: int
) -> None:
    copy, erasure = link(world, reader, "copy"), link(world, reader, "erasure")
    manage = link(world, reader, "manage")
    mailed = world.delivery_token(world.edition(), reader)
    for token in (copy, manage, mailed):
        assert web.post(f"/my-data/erasure/{token.rpartition('/')[2]}").status_code == 403
    for token in (erasure, manage, mailed):
        assert web.post(f"/my-data/copy/{token.rpartition('/')[2]}").status_code == 403
    for token in (copy, erasure):
        name = token.rpartition("/")[2]
        assert web.post(f"/preferences/{name}").status_code == 403
        assert web.post(f"/unsubscribe/{name}").status_code == 403
        assert web.post(f"/confirm/{name}").status_code == 403
    assert world.subscription(reader).mailable


def test_a_link_used_voids_the_others(web: httpx.Client, world: World, reader: int) -> None:
    copy, erasure = link(world, reader, "copy"), link(world, reader, "erasure")
    assert web.post(copy).status_code == 200
    assert web.post(erasure).status_code == 410
    assert world.subscription(reader).mailable


def test_a_link_expires_after_a_day(web: httpx.Client, world: World, reader: int) -> None:
    path = link(world, reader, "erasure")
    world.clock.move(DAY + 60)
    for answer in (web.get(path), web.post(path)):
        assert answer.status_code == 410
        assert "Ask for a new one at /my-data" in answer.text


def test_another_site_cannot_erase(web: httpx.Client, world: World, reader: int) -> None:
    path = link(world, reader, "erasure")
    answer = web.post(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert world.subscription(reader).mailable
