"""Leaving: by one click (RFC 8058) or on the page; a GET never does it."""

import httpx
import pytest

from newsletter.publications import Publication
from newsletter.tokens import Purpose
from subscribers.consent import Agreement
from subscribers.models import State, Subscription
from subscribers.suppression import find_live
from subscribers.unsubscribe import leave
from tests.newsletter.web.world import World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ELSEWHERE = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def reader(world: World) -> int:
    return world.reader()


@pytest.fixture
def path(world: World, reader: int) -> str:
    return f"/unsubscribe/{world.delivery_token(world.edition(), reader)}"


def test_a_get_shows_a_button_and_changes_nothing(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    page = web.get(path)
    web.head(path)
    assert page.status_code == 200
    assert "<button" in page.text
    assert "a•••@example.org" in page.text
    assert world.subscription(reader).state == State.ACTIVE


def test_one_click_urlencoded(web: httpx.Client, world: World, reader: int, path: str) -> None:
    answer = web.post(path, data=ONE_CLICK, headers=ELSEWHERE)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    subscription = world.subscription(reader)
    assert (subscription.state, subscription.mailable) == (State.UNSUBSCRIBED, False)


def test_one_click_multipart(web: httpx.Client, world: World, reader: int, path: str) -> None:
    answer = web.post(path, files={"List-Unsubscribe": (None, "One-Click")}, headers=ELSEWHERE)
    assert answer.status_code == 200
    assert world.subscription(reader).state == State.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b"broken", "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "application/json"),
    ],
)
def test_any_post_means_it(
    web: httpx.Client, world: World, reader: int, path: str, body: bytes, content_type: str
) -> None:
    answer = web.post(path, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200
    assert world.subscription(reader).state == State.UNSUBSCRIBED


def test_it_may_be_repeated(web: httpx.Client, world: World, reader: int, path: str) -> None:
    for _ in range(3):
        assert web.post(path, data=ONE_CLICK).status_code == 200
    assert world.subscription(reader).state == State.UNSUBSCRIBED
    assert len(world.consents(reader, granted=False)) == 1


def test_the_record_tells_the_click_from_the_page(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    web.post(path, data=ONE_CLICK)
    other = world.reader("bob@example.org")
    token = world.delivery_token(1, other)
    web.post(f"/unsubscribe/{token}?from=page")
    assert [record.source for record in world.consents(reader, granted=False)] == ["one-click"]
    assert [record.source for record in world.consents(other, granted=False)] == ["page"]


def test_leaving_is_no_suppression(web: httpx.Client, world: World, path: str) -> None:
    web.post(path)
    with world.database.reading() as session:
        assert find_live(session, ["ada@example.org"]) is None


def test_a_link_works_for_years(web: httpx.Client, world: World, reader: int, path: str) -> None:
    world.clock.move(3 * 365 * 86_400)
    assert web.post(path).status_code == 200
    assert world.subscription(reader).state == State.UNSUBSCRIBED


def test_undo_within_the_hour(web: httpx.Client, world: World, reader: int, path: str) -> None:
    web.post(path)
    world.clock.move(3_000)
    answer = web.post(f"{path}/undo")
    assert "Welcome back" in answer.text
    subscription = world.subscription(reader)
    assert (subscription.state, subscription.mailable) == (State.ACTIVE, True)


def test_undo_is_refused_later(web: httpx.Client, world: World, reader: int, path: str) -> None:
    web.post(path)
    world.clock.move(3_700)
    answer = web.post(f"{path}/undo")
    assert answer.status_code == 409
    assert world.subscription(reader).state == State.UNSUBSCRIBED


def test_undo_from_another_site_is_refused(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    web.post(path)
    assert web.post(f"{path}/undo", headers=ELSEWHERE).status_code == 403
    assert world.subscription(reader).state == State.UNSUBSCRIBED


def test_a_reason_is_kept_on_one_line(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    web.post(path)
    answer = web.post(f"{path}/reason", data={"reason": "too-often", "note": "twice\r\na day"})
    assert "Thank you" in answer.text
    assert world.subscription(reader).end_reason == "too-often: twice a day"


def test_a_reason_alone_ends_nothing(
    web: httpx.Client, world: World, reader: int, path: str
) -> None:
    web.post(f"{path}/reason", data={"reason": "too-often"})
    assert world.subscription(reader).state == State.ACTIVE


@pytest.mark.parametrize("token", ["x", "forged-token-of-some-length-here"])
def test_a_forged_link_changes_nothing(web: httpx.Client, world: World, token: str) -> None:
    reader = world.reader()
    answer = web.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert answer.status_code == 403
    assert "whole link" in answer.text
    assert world.subscription(reader).state == State.ACTIVE


def test_a_token_for_another_door_changes_nothing(
    web: httpx.Client, world: World, reader: int
) -> None:
    token = world.site.signer.sign(Purpose.EDITION, 1, reader)
    assert web.post(f"/unsubscribe/{token}").status_code == 403
    assert world.subscription(reader).state == State.ACTIVE


def test_a_test_mails_link_says_so(web: httpx.Client, world: World, reader: int) -> None:
    token = world.delivery_token(world.edition(), 0)
    for answer in (web.get(f"/unsubscribe/{token}"), web.post(f"/unsubscribe/{token}")):
        assert answer.status_code == 200
        assert "test mail" in answer.text
    assert world.subscription(reader).state == State.ACTIVE


def test_the_link_of_a_notice_works_too_and_for_years(
    web: httpx.Client, world: World, reader: int
) -> None:
    expiry = int(world.clock()) + 60
    token = world.site.signer.sign(Purpose.MANAGE, world.publication_id, reader, 0, expiry)
    world.clock.move(365 * 86_400)
    assert web.get(f"/preferences/{token}").status_code == 410
    assert web.post(f"/unsubscribe/{token}").status_code == 200
    assert world.subscription(reader).state == State.UNSUBSCRIBED


def test_the_page_after_leaving_offers_no_second_leaving(web: httpx.Client, path: str) -> None:
    web.post(path)
    assert "You are unsubscribed" in web.get(path).text


@pytest.fixture
def other(world: World, reader: int) -> int:
    """Another publication that the reader gets."""
    with world.database.writing() as session:
        publication = Publication(
            slug="evening", name="The Evening Ledger", sender="e@ledger.example", host="e.example"
        )
        session.add(publication)
        session.flush()
        session.add(
            Subscription(
                subscriber_id=reader, publication_id=publication.key, state=State.ACTIVE,
                mailable=True, created_at=0.0, confirmed_at=0.0,
            )
        )  # fmt: skip
        return publication.key


def standing(world: World, reader: int, publication_id: int) -> tuple[str, bool]:
    with world.database.reading() as session:
        found = session.get_one(Subscription, (reader, publication_id))
    return found.state, found.mailable


def test_who_holds_a_forwarded_mail_learns_nothing_of_its_readers_other_subscriptions(
    web: httpx.Client, world: World, reader: int, other: int, path: str
) -> None:
    """The page is the same for who has others and who has none."""
    before = [web.get(path).text]
    web.post(path)
    before.append(web.get(path).text)
    web.post(f"{path}/undo")
    with world.database.writing() as session:
        session.delete(session.get_one(Subscription, (reader, other)))

    after = [web.get(path).text]
    web.post(path)
    after.append(web.get(path).text)

    assert before == after
    assert all("Evening" not in page for page in before)


def test_leaving_one_publication_leaves_the_others(
    web: httpx.Client, world: World, reader: int, other: int, path: str
) -> None:
    assert "Unsubscribe from all" in web.get(path).text
    web.post(path)
    assert standing(world, reader, other) == (State.ACTIVE, True)
    assert "Unsubscribe from all" in web.get(path).text


def test_all_publications_are_left_at_once_and_taken_back_together(
    web: httpx.Client, world: World, reader: int, other: int, path: str
) -> None:
    page = web.post(f"{path}?from=page&which=all")
    assert page.status_code == 200
    assert standing(world, reader, world.publication_id) == (State.UNSUBSCRIBED, False)
    assert standing(world, reader, other) == (State.UNSUBSCRIBED, False)
    web.post(f"{path}?from=page&which=all")
    assert len(world.consents(reader, granted=False)) == 2

    web.post(f"{path}/undo")

    assert standing(world, reader, world.publication_id) == (State.ACTIVE, True)
    assert standing(world, reader, other) == (State.ACTIVE, True)


def test_undoing_does_not_take_back_what_was_left_before(
    web: httpx.Client, world: World, reader: int, other: int, path: str
) -> None:
    with world.database.writing() as session:
        leave(session, reader, other, Agreement("page"), now=world.clock() - 60)
    web.post(path)
    web.post(f"{path}/undo")
    assert standing(world, reader, world.publication_id) == (State.ACTIVE, True)
    assert standing(world, reader, other) == (State.UNSUBSCRIBED, False)


def test_who_reads_nothing_else_is_offered_nothing_else(web: httpx.Client, path: str) -> None:
    assert "Unsubscribe from all" not in web.get(path).text
