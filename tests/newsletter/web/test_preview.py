"""The preview page in a browser: each frame in its own light, on any screen, asking nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, Request

from newsletter.cli.compose import load_addresses, load_brand
from newsletter.web.preview import create_preview
from newsletter.web.serving import serving
from tests.outside import chromium, needs_chromium

EVERYTHING = Path(__file__).parents[2] / "emails" / "everything.yaml"
TITLES = ("Desktop", "Phone", "Dark")
GROUND = "getComputedStyle(document.body).backgroundColor"

pytestmark = [pytest.mark.browser, needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = create_preview(
        EVERYTHING,
        lambda issue: load_brand(None, issue),
        lambda issue: load_addresses(None, issue),
    )
    with serving(lambda _: app) as address:
        yield address


def opened(browser: Browser, address: str, *, scheme: str, width: int) -> tuple[Page, list[str]]:
    """The page, and the addresses that it asked for elsewhere."""
    page = browser.new_page(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
    )
    asked: list[str] = []

    def refuse(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            asked.append(request.url)

    page.on("request", refuse)
    page.route("https://**", lambda route: route.abort())
    page.goto(address, wait_until="load")
    return page, asked


def frame_of(page: Page, title: str) -> Frame:
    frame = page.query_selector_all(f"iframe[title={title}]")[0].content_frame()
    assert frame is not None
    return frame


def test_a_frame_keeps_its_light_whatever_the_system_prefers(
    browser: Browser, address: str
) -> None:
    def colours(scheme: str) -> dict[str, str]:
        page, _ = opened(browser, address, scheme=scheme, width=1280)
        seen = {title: frame_of(page, title).evaluate(GROUND) for title in TITLES}
        page.close()
        return seen

    light, dark = colours("light"), colours("dark")
    assert light == dark
    assert light["Desktop"] == light["Phone"] != light["Dark"]


def test_a_phone_needs_not_scroll_sideways(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, scheme="light", width=375)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert width == 375


def test_no_pixel_is_asked_for(browser: Browser, address: str) -> None:
    page, asked = opened(browser, address, scheme="light", width=1280)
    page.close()
    assert [url for url in asked if "newsletter.example" in url] == []
