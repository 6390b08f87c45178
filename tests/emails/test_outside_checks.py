"""Mails as mjml, html-validate and axe-core see them. The exceptions that mail asks for have names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.composition import Composition
from emails.issue import Issue
from emails.issue_files import load_issue
from emails.notices import compose_notice
from tests.outside import (
    axe_violations,
    chromium,
    html_problems,
    mjml_problems,
    needs_chromium,
    needs_node,
)

ONLY_IN_MAIL = (
    "landmark-one-main",  # clients put a mail into a page of their own, which has the landmarks
    "region",
    "landmark-main-is-top-level",
)


def mail(name: str) -> Composition:
    brand, addresses = Brand.default(), Addresses.sample()
    if name == "notice":
        return compose_notice("confirm", brand, url="https://newsletter.example/confirm/x")
    issue = load_issue(Path(__file__).parent / "everything.yaml").issue
    if name == "right to left":
        issue = issue.model_copy(update={"language": "he"})
    before = issue.model_dump(mode="json", by_alias=True, exclude_none=True)
    tables = [table for section in before["sections"] for table in section.get("tables", [])]
    tables[0]["rows"].reverse()
    earlier = [Issue.model_validate({**before, "date": "2026-11-20"})]
    return compose(issue, brand, addresses=addresses, earlier=earlier)


MAILS = ["edition", "right to left", "notice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("name", MAILS)
@needs_node("mjml")
def test_the_mjml_is_valid(name: str, tmp_path: Path) -> None:
    assert mjml_problems(mail(name).mjml, tmp_path) == ""


@needs_node("mjml")
def test_mjml_that_is_not_valid_would_be_told(tmp_path: Path) -> None:
    broken = mail("notice").mjml.replace("<mj-text>", '<mj-text colour="red">', 1)
    assert "colour is illegal" in mjml_problems(broken, tmp_path)


@pytest.mark.parametrize("name", MAILS)
@needs_node("html-validate")
def test_the_html_is_valid_but_for_what_mail_asks_for(name: str, tmp_path: Path) -> None:
    assert html_problems(mail(name).html, "mail", tmp_path) == []


@needs_node("html-validate")
def test_html_that_is_not_valid_would_be_told(tmp_path: Path) -> None:
    broken = mail("notice").html.replace("</h1>", "</h2>", 1)
    assert "close-order" in {rule for rule, _ in html_problems(broken, "mail", tmp_path)}


@pytest.mark.browser
@needs_chromium
@needs_node("axe-core")
@pytest.mark.parametrize("name", MAILS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_mail(browser: Browser, name: str, scheme: str) -> None:
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail(name).html)
    assert axe_violations(page, without=ONLY_IN_MAIL) == []
    page.close()
