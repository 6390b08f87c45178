"""The sign-up form: one answer for everyone, and a notice that only the reader sees."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlmodel import select

from subscribers.models import Subscriber
from tests.newsletter.web.world import World


def words(answer: httpx.Response) -> str:
    """What the page says, without the address that was typed."""
    text = re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2])
    return re.sub(r"\S+@\S+", "ADDRESS", " ".join(text.split()))


def subscribe(web: httpx.Client, email: str, **fields: str) -> httpx.Response:
    return web.post("/subscribe", data={"email": email, **fields})


def test_the_form_asks_for_tracking_apart_and_unticked(web: httpx.Client) -> None:
    for path in ("/", "/subscribe"):
        page = web.get(path).text
        box = re.search(r'<input[^>]*name="tracking"[^>]*>', page)
        assert box is not None
        assert "checked" not in box[0]
        assert len(re.findall(r'name="topics" value="[a-z]+" checked', page)) == 5


def test_a_sign_up_queues_a_confirmation(web: httpx.Client, world: World) -> None:
    answer = subscribe(web, "ada@example.org")
    assert answer.status_code == 200
    assert "Look in your inbox" in answer.text
    [notice] = world.notices()
    assert (notice.kind, notice.email, notice.data["epoch"]) == ("confirm", "ada@example.org", 0)


def test_everyone_gets_the_same_answer(web: httpx.Client, world: World) -> None:
    world.reader("active@example.org")
    gone = world.reader("gone@example.org")
    web.post(f"/unsubscribe/{world.delivery_token(world.edition(), gone)}")
    world.suppress("bounced@example.org")
    addresses = ("new@example.org", "active@example.org", "gone@example.org", "bounced@example.org")
    answers = [subscribe(web, address) for address in addresses]
    answers.append(subscribe(web, "new@example.org"))  # throttled
    answers.append(subscribe(web, "robot@example.org", website="https://spam.example"))
    assert {answer.status_code for answer in answers} == {200}
    assert len({words(answer) for answer in answers}) == 1


def test_who_reads_already_gets_their_preferences_instead(web: httpx.Client, world: World) -> None:
    world.reader("ada@example.org")
    subscribe(web, "Ada@Example.org")
    assert [notice.kind for notice in world.notices()] == ["welcome"]


def test_a_second_request_within_minutes_sends_nothing_more(
    web: httpx.Client, world: World
) -> None:
    subscribe(web, "ada@example.org")
    subscribe(web, "ada@example.org")
    assert len(world.notices()) == 1
    world.clock.move(16 * 60)
    subscribe(web, "ada@example.org")
    assert len(world.notices()) == 2


def test_a_filled_honeypot_stores_nothing(web: httpx.Client, world: World) -> None:
    subscribe(web, "ada@example.org", website="https://spam.example")
    assert world.notices() == []
    with world.database.reading() as session:
        assert session.exec(select(Subscriber)).all() == []


@pytest.mark.parametrize("email", ["", "no-address", "a@b@c", "ada@example.org\r\nBcc: x@y.org"])
def test_what_is_no_address_is_said_at_the_field(
    web: httpx.Client, world: World, email: str
) -> None:
    answer = subscribe(web, email)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert world.notices() == []


@pytest.mark.parametrize("email", ["", "  "])
@pytest.mark.parametrize("path", ["/subscribe", "/my-data"])
def test_who_leaves_the_field_empty_is_asked_for_an_address(
    web: httpx.Client, path: str, email: str
) -> None:
    page = web.post(path, data={"email": email, "wish": "copy"}).text
    assert "Please write your email address." in page
    assert "is not an address" not in page


def test_what_was_ticked_stays_ticked_when_the_address_is_wrong(web: httpx.Client) -> None:
    answer = web.post(
        "/subscribe",
        data={"email": "nope", "topics": ["labs"], "topics_shown": "true", "tracking": "true"},
    )
    assert re.findall(r'value="([a-z]+)" checked', answer.text) == ["labs", "true"]


def test_a_typed_address_is_shown_escaped(web: httpx.Client) -> None:
    answer = subscribe(web, '"><script>alert(1)</script>@example.org')
    assert "<script" not in answer.text


def test_a_probable_slip_is_suggested_and_not_applied(web: httpx.Client, world: World) -> None:
    answer = subscribe(web, "ada@gmial.com")
    assert "ada@gmail.com" in answer.text
    assert world.notices()[0].email == "ada@gmial.com"


def test_an_embedded_form_with_nothing_but_the_address_mutes_nothing(
    web: httpx.Client, world: World
) -> None:
    answer = web.post(
        "/subscribe",
        data={"email": "ada@example.org"},
        headers={"Origin": "https://blog.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 200
    assert world.notices()[0].data["wishes"] == {"muted": [], "tracking": False}


def test_a_get_with_everything_in_its_query_signs_nobody_up(
    web: httpx.Client, world: World
) -> None:
    web.get("/subscribe", params={"email": "ada@example.org"})
    assert world.notices() == []


def test_a_hundred_at_once_all_get_in(web: httpx.Client, world: World) -> None:
    """More than there are threads: none may wait for a thread while it keeps others waiting."""
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda n: subscribe(web, f"r{n}@d{n}.example"), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    # 30 an hour from one network (guard.py), and no error for the others
    assert len(world.notices()) == 30
