"""Preferences: a mail's link lets its holder send less, never more."""

import re

import httpx
import pytest

from newsletter.publications import Publication
from newsletter.tokens import Purpose
from subscribers.models import State, Subscriber, Tracking
from tests.newsletter.web.world import World

ALL = ["labs", "wire", "papers", "benchmarks", "trending"]


@pytest.fixture
def reader(world: World) -> int:
    return world.reader()


@pytest.fixture
def path(world: World, reader: int) -> str:
    return f"/preferences/{world.delivery_token(world.edition(), reader)}"


def fresh_path(world: World, reader: int, *, epoch: int = 0) -> str:
    expiry = int(world.clock()) + 3600
    token = world.site.signer.sign(Purpose.MANAGE, world.publication_id, reader, epoch, expiry)
    return f"/preferences/{token}"


def save(
    web: httpx.Client, path: str, *, topics: list[str] | None = None, **fields: str
) -> httpx.Response:
    chosen = ALL if topics is None else topics
    return web.post(path, data={"topics": chosen, **fields}, follow_redirects=True)


def test_the_address_is_masked(web: httpx.Client, path: str) -> None:
    page = web.get(path).text
    assert "a•••@example.org" in page
    assert "ada@example.org" not in page


def test_topics_are_muted_and_back(web: httpx.Client, world: World, reader: int, path: str) -> None:
    answer = save(web, path, topics=["labs", "papers", "trending"])
    assert "Saved" in answer.text
    assert world.subscription(reader).muted == "benchmarks wire"
    assert re.findall(r'name="topics" value="([a-z]+)" checked', answer.text) == [
        "labs",
        "papers",
        "trending",
    ]
    save(web, path)
    assert world.subscription(reader).muted == ""


def test_a_topic_that_there_is_not_is_ignored(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    save(web, path, topics=[*ALL, "<script>"])
    assert world.subscription(reader).muted == ""


def test_a_pause_and_its_end(web: httpx.Client, world: World, reader: int, path: str) -> None:
    answer = save(web, path, pause="2")
    subscription = world.subscription(reader)
    assert (subscription.state, subscription.mailable) == (State.PAUSED, False)
    assert subscription.paused_until == world.clock() + 14 * 86_400
    assert "29 January 2027" in answer.text
    save(web, path, pause="resume")
    assert world.subscription(reader).mailable


def test_saving_something_else_leaves_a_pause_as_it_is(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    save(web, path, pause="4")
    until = world.subscription(reader).paused_until
    world.clock.move(86_400)
    save(web, path, topics=["labs"], pause="")
    assert world.subscription(reader).paused_until == until


def test_tracking_is_refused_by_a_mails_link(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    save(web, path, tracking="off")
    assert world.subscription(reader).tracking == Tracking.OFF
    assert [record.kind for record in world.consents(reader, granted=False)] == ["tracking"]


def test_tracking_is_not_granted_by_a_mails_link(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    answer = save(web, path, topics=["labs"], tracking="linked")
    assert answer.status_code == 422
    subscription = world.subscription(reader)
    assert (subscription.tracking, subscription.muted) == (Tracking.COUNTED, "")


def test_tracking_is_granted_by_a_freshly_mailed_link_once(
    web: httpx.Client, world: World, reader: int
) -> None:
    path = fresh_path(world, reader)
    assert save(web, path, tracking="linked").status_code == 200
    assert world.subscription(reader).tracking == Tracking.LINKED
    save(web, fresh_path(world, reader, epoch=1), tracking="off")
    assert save(web, path, tracking="linked").status_code == 410
    assert world.subscription(reader).tracking == Tracking.OFF


def test_a_fresh_link_expires(web: httpx.Client, world: World, reader: int) -> None:
    path = fresh_path(world, reader)
    world.clock.move(3_700)
    assert web.get(path).status_code == 410


def test_a_fresh_link_is_mailed_on_request_to_the_readers_own_address(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    world.clock.move(86_400)
    first, second = (web.post(f"{path}/fresh-link") for _ in range(2))  # the second is throttled
    assert first.text == second.text
    assert "ada@" not in first.text
    [notice] = world.notices()
    assert (notice.kind, notice.email, notice.data) == (
        "preferences", "ada@example.org", {"epoch": 0},
    )  # fmt: skip


def test_language_and_time_zone_are_chosen_by_a_mails_link(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    answer = save(web, path, language="fr", time_zone="Europe/Paris")
    assert '<option value="fr" selected>Français</option>' in answer.text
    assert 'value="Europe/Paris" placeholder' in answer.text
    save(web, path)  # a form without them leaves them alone
    with world.database.reading() as session:
        person = session.get_one(Subscriber, reader)
    assert (person.language, person.time_zone) == ("fr", "Europe/Paris")


def test_a_language_that_there_is_not_saves_nothing(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    assert save(web, path, topics=["labs"], language="<b>").status_code == 422
    assert world.subscription(reader).muted == ""


def ticked(page: str) -> list[tuple[str, str]]:
    """The boxes of a page that are ticked: name and value."""
    return re.findall(r'name="(topics|pause|tracking)" value="(\w+)" checked', page)


@pytest.mark.parametrize(
    ("by_fresh_link", "tracking"), [(False, "off"), (True, "linked")], ids=["mail", "fresh"]
)
def test_a_time_zone_that_there_is_not_gives_the_form_again_as_it_was_filled_in(
    web: httpx.Client, world: World, reader: int, path: str, *, by_fresh_link: bool, tracking: str
) -> None:
    door = fresh_path(world, reader) if by_fresh_link else path
    chosen = {"pause": "4", "tracking": tracking, "language": "fr"}
    named = {"name": "Ada L."} if by_fresh_link else {}

    again = save(web, door, topics=["labs"], time_zone='Mars/"Olympus', **chosen, **named)

    assert again.status_code == 422
    assert "Nothing is saved yet" in again.text
    assert ticked(again.text) == [("topics", "labs"), ("pause", "4"), ("tracking", tracking)]
    assert '<option value="fr" selected>' in again.text
    assert 'value="Mars/&#34;Olympus"' in again.text
    assert 'aria-invalid="true" aria-describedby="time_zone-problem"' in again.text
    assert "is no time zone: write one like Europe/Paris." in again.text
    assert ('value="Ada L."' in again.text) == by_fresh_link
    kept = world.subscription(reader)
    assert (kept.muted, kept.state, kept.tracking) == ("", State.ACTIVE, Tracking.COUNTED)

    saved = save(web, door, topics=["labs"], time_zone="Europe/Paris", **chosen, **named)
    assert saved.status_code == 200
    assert world.subscription(reader).muted != ""


def test_the_form_that_comes_again_ticks_nothing_that_a_mails_link_may_not(
    web: httpx.Client, path: str
) -> None:
    again = save(web, path, time_zone="Mars/Olympus", tracking="linked", name="Mallory")
    assert ("tracking", "counted") in ticked(again.text)
    assert "Mallory" not in again.text


def test_a_name_takes_a_freshly_mailed_link(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    assert 'name="name"' not in web.get(path).text
    assert save(web, path, name="Mallory").status_code == 422
    fresh = fresh_path(world, reader)
    assert 'name="name"' in web.get(fresh).text
    assert save(web, fresh, name="Ada\r\nBcc: x@example.org").status_code == 200
    with world.database.reading() as session:
        assert session.get_one(Subscriber, reader).name == "Ada Bcc: x@example.org"
    assert save(web, fresh, name="Eve").status_code == 410


def test_saving_by_a_fresh_link_what_a_mails_link_could_leaves_it_working(
    web: httpx.Client, world: World, reader: int
) -> None:
    fresh = fresh_path(world, reader)
    save(web, fresh, topics=["labs"], name="")
    assert save(web, fresh, topics=ALL, name="").status_code == 200


@pytest.mark.parametrize(
    ("policy", "offered"),
    [
        ("consent", ["linked", "counted", "off"]),
        ("linked", ["linked", "off"]),
        ("counted", ["counted", "off"]),
        ("off", []),
    ],
)
def test_the_page_offers_what_the_policy_leaves(
    web: httpx.Client, world: World, path: str, policy: str, offered: list[str]
) -> None:
    with world.database.writing() as session:
        session.get_one(Publication, world.publication_id).tracking = policy
    page = web.get(path).text
    assert re.findall(r'name="tracking" value="([a-z]+)"', page) == offered


def test_who_left_is_shown_no_choices(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    web.post(path.replace("preferences", "unsubscribe"))
    assert "<form" not in web.get(path).text
    assert save(web, path, pause="2").status_code == 409


def test_another_site_cannot_save(web: httpx.Client, world: World, reader: int, path: str) -> None:
    answer = web.post(path, data={"tracking": "off"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert world.subscription(reader).tracking == Tracking.COUNTED


def test_a_test_mails_link_says_so(web: httpx.Client, world: World) -> None:
    token = world.delivery_token(world.edition(), 0)
    assert "test mail" in web.get(f"/preferences/{token}").text
    assert "test mail" in web.post(f"/preferences/{token}").text
