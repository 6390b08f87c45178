"""The public pages as html-validate and axe-core see them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from sqlmodel import Session

from emails.issue_files import load_issue
from newsletter.editions.library import import_issue
from newsletter.publications import Publication
from tests.newsletter.web.world import World
from tests.outside import axe_violations, chromium, html_problems, needs_chromium, needs_node

EVERYTHING = Path(__file__).parents[2] / "emails" / "everything.yaml"
PAGES = ["/", "/subscribe", "/archive", "/archive/2026-11-22"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def published(world: World, web: httpx.Client) -> httpx.Client:
    """The site with an edition of every kind of section."""

    def work(session: Session) -> None:
        publication = session.get_one(Publication, world.publication_id)
        issue = load_issue(EVERYTHING).issue
        import_issue(
            session, publication, issue, source="", author="test", now=0.0, archive_only=True
        )

    world.database.transact(work)
    return web


@pytest.mark.parametrize("path", PAGES)
@needs_node("html-validate")
def test_a_page_is_valid_html(published: httpx.Client, path: str, tmp_path: Path) -> None:
    answer = published.get(path).raise_for_status()
    assert html_problems(answer.text, "page", tmp_path) == []


@pytest.mark.browser
@needs_chromium
@needs_node("axe-core")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_a_page(
    published: httpx.Client, browser: Browser, path: str, scheme: str
) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,  # axe is put into the page
    )
    page = context.new_page()
    page.route("https://pictures.example/**", lambda route: route.abort())
    page.goto(str(published.base_url.join(path)))
    assert axe_violations(page) == []
    context.close()
