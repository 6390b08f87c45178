"""Links and pictures asked of a real server on loopback."""

from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from emails.composition import TrackedLink
from newsletter.editions import link_check
from newsletter.editions.link_check import ALL_PICTURES_BYTES, check_links, check_pictures
from newsletter.web.serving import serving


async def page(request: Request) -> Response:
    name = request.path_params["name"]
    if name == "moved":
        return RedirectResponse("/fine")
    if name == "no-head":
        return Response(status_code=405 if request.method == "HEAD" else 200)
    if name == "slow":
        await request.receive()  # the empty body
        await request.receive()  # the end of the connection
        return Response()
    return Response(status_code=200 if name == "fine" else int(name))


async def picture(request: Request) -> Response:
    size = request.path_params["size"]
    if request.path_params["how"] == "named":
        return Response(b"x" * size, media_type="image/png")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(0, size, 1000):
            yield b"x" * 1000

    return StreamingResponse(chunks(), media_type="image/png")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    app = Starlette(
        routes=[
            Route("/picture/{how}/{size:int}", picture),
            Route("/{name}", page, methods=["GET", "HEAD"]),
        ]
    )
    with serving(lambda _: app) as address:
        yield address


def codes(site: str, *names: str, seconds: float = 30) -> list[tuple[str, str]]:
    links = [TrackedLink(number, f"{site}/{name}", "") for number, name in enumerate(names, 1)]
    found = check_links(links, field=lambda url: url.removeprefix(site), seconds=seconds)
    return [(one.code, one.field) for one in found]


def test_links_that_answer_in_the_end_are_fine(site: str) -> None:
    assert codes(site, "fine", "moved", "no-head") == []


def test_a_link_that_is_gone_is_told_with_its_field(site: str) -> None:
    assert codes(site, "fine", "404", "500") == [("dead-link", "/404"), ("dead-link", "/500")]


@pytest.mark.parametrize("status", ["401", "403", "429"])
def test_what_turns_programs_away_is_for_a_person_to_look_at(site: str, status: str) -> None:
    assert codes(site, status) == [("guarded-link", f"/{status}")]


def test_a_host_that_is_not_there_is_told() -> None:
    (found,) = check_links([TrackedLink(1, "http://127.0.0.1:1/", "")])
    assert found.code == "dead-link"
    assert "ConnectError" in found.message


def test_the_time_for_all_is_limited_and_what_answered_counts(site: str) -> None:
    assert codes(site, "404", "slow", seconds=0.5) == [
        ("dead-link", "/404"),
        ("unasked-link", "/slow"),
    ]


def test_progress_is_told_once_a_link(site: str) -> None:
    told: list[None] = []
    links = [TrackedLink(number, f"{site}/fine", "") for number in (1, 2, 3)]
    check_links(links, told=lambda: told.append(None))
    assert len(told) == 3


@pytest.mark.parametrize("how", ["named", "streamed"])
def test_a_picture_that_is_too_heavy_is_told(
    site: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_check, "PICTURE_BYTES", 5_000)
    sources = [f"{site}/picture/{how}/5000", f"{site}/picture/{how}/6000"]
    (found,) = check_pictures(sources, field=lambda url: url.removeprefix(site))
    assert (found.code, found.field) == ("heavy-picture", f"/picture/{how}/6000")
    assert found.message.startswith(sources[1])


def test_pictures_that_are_heavy_together_are_told(site: str) -> None:
    fifth = ALL_PICTURES_BYTES // 5
    sources = [f"{site}/picture/named/{fifth + at}" for at in range(6)]
    assert [one.code for one in check_pictures(sources)] == ["heavy-pictures"]


def test_what_is_no_picture_or_not_there_is_told(site: str) -> None:
    found = check_pictures([f"{site}/fine", f"{site}/404"])
    assert [one.code for one in found] == ["not-a-picture", "dead-picture"]


def test_nothing_to_ask_is_nothing_to_tell() -> None:
    assert check_links([]) == check_pictures([]) == []
