"""Pixels and links: always served, recorded without a reader's name where there is none."""

import httpx
import pytest
from sqlmodel import col, select

from newsletter.editions.models import EditionLink
from newsletter.feedback.models import Hit
from newsletter.tokens import Purpose
from tests.newsletter.web.world import World

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


@pytest.fixture
def edition_id(world: World) -> int:
    return world.edition()


def hits(world: World) -> list[tuple[str, int, int | None, int | None, str]]:
    with world.database.reading() as session:
        return [
            (hit.kind, hit.edition_id, hit.subscriber_id, hit.link, hit.method)
            for hit in session.exec(select(Hit).order_by(col(Hit.id)))
        ]


def test_the_pixel_is_a_gif_that_nobody_stores_and_sets_no_cookie(
    world: World, edition_id: int
) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        answer = web.get(f"/o/{token}.gif", headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.content.startswith(b"GIF89a")
    assert "no-store" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert hits(world) == [("open", edition_id, 7, None, "GET")]


def test_a_counted_pixel_names_no_reader(world: World, edition_id: int) -> None:
    token = world.site.signer.sign(Purpose.EDITION, edition_id)
    with world.running() as web:
        assert web.get(f"/o/{token}.gif").status_code == 200
    assert hits(world) == [("open", edition_id, None, None, "GET")]


@pytest.mark.parametrize("token", ["x", "nonsense-of-some-length-in-all", "A" * 128])
def test_a_forged_pixel_is_served_and_not_recorded(
    world: World, edition_id: int, token: str
) -> None:
    with world.running() as web:
        answer = web.get(f"/o/{token}.gif")
    assert answer.status_code == 200
    assert answer.content.startswith(b"GIF89a")
    assert hits(world) == []


def test_a_link_leads_to_the_stored_url_and_is_recorded(world: World, edition_id: int) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        answer = web.get(f"/c/1/{token}", headers=BROWSER)
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://example.org/a"
    assert "no-store" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert hits(world) == [("click", edition_id, 7, 1, "GET")]


def test_a_head_request_is_answered_without_content_and_recorded_as_such(
    world: World, edition_id: int
) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        clicked = web.head(f"/c/1/{token}")
        opened = web.head(f"/o/{token}.gif")
    assert clicked.headers["location"] == "https://example.org/a"
    assert opened.content == b""
    assert [hit[-1] for hit in hits(world)] == ["HEAD", "HEAD"]


def test_no_query_leads_anywhere_else(world: World, edition_id: int) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        answer = web.get(f"/c/1/{token}", params={"url": "https://evil.example", "u": "//evil"})
    assert answer.headers["location"] == "https://example.org/a"


@pytest.mark.parametrize("path", ["/c/2/{token}", "/c/0/{token}", "/c/1/{token}x", "/c/1/x"])
def test_an_unknown_link_gets_a_friendly_page(world: World, edition_id: int, path: str) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        answer = web.get(path.format(token=token))
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")
    assert hits(world) == []


def test_another_editions_numbers_do_not_work(world: World, edition_id: int) -> None:
    other = world.delivery_token(edition_id + 1, 7)
    with world.running() as web:
        assert web.get(f"/c/1/{other}").status_code == 404


def test_a_test_mails_link_works_and_is_nobodys(world: World, edition_id: int) -> None:
    token = world.delivery_token(edition_id, 0)
    with world.running() as web:
        assert web.get(f"/c/1/{token}").status_code == 302
        assert web.get(f"/o/{token}.gif").status_code == 200
    assert hits(world) == []


def test_a_confirmation_token_opens_no_door(world: World, edition_id: int) -> None:
    token = world.site.signer.sign(Purpose.CONFIRM, edition_id, 7)
    with world.running() as web:
        assert web.get(f"/c/1/{token}").status_code == 404


def test_a_url_with_letters_beyond_ascii_or_line_breaks_makes_one_sound_header(
    world: World, edition_id: int
) -> None:
    with world.database.writing() as session:
        url = "https://exämple.org/ü?q=a%20b&c=[1]\r\nSet-Cookie: x=1"
        session.add(EditionLink(edition_id=edition_id, number=9, url=url, label="ü"))
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        answer = web.get(f"/c/9/{token}")
    assert answer.headers["location"] == (
        "https://ex%C3%A4mple.org/%C3%BC?q=a%20b&c=[1]%0D%0ASet-Cookie:%20x=1"
    )
    assert "set-cookie" not in answer.headers


def test_a_link_that_was_asked_for_once_works_without_the_database(
    world: World, edition_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        assert web.get(f"/c/1/{token}").status_code == 302
        with monkeypatch.context() as patch:
            patch.setattr(world.database, "reading", _away)
            assert web.get(f"/c/1/{token}").status_code == 302


def _away() -> None:
    raise AssertionError("the database was asked")


def test_posting_to_a_link_is_no_click(world: World, edition_id: int) -> None:
    token = world.delivery_token(edition_id, 7)
    with world.running() as web:
        answer: httpx.Response = web.post(f"/c/1/{token}")
    assert answer.status_code in {404, 405}
    assert hits(world) == []
