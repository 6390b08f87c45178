"""A reader's walk: form, mail, confirm, preferences, unsubscribe. Real server, real mails, both
databases; in a real browser where there is one."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)
from pydantic import SecretStr
from sqlmodel import col, select
from starlette.types import ASGIApp

from newsletter.database import Database
from newsletter.dispatch.notices import NoticeSender
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.pacing import Pace
from newsletter.settings import Settings
from newsletter.web.app import create_app
from newsletter.web.serving import serving
from subscribers.models import ConsentRecord, State, Subscriber, Subscription, Tracking

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Town:
    """The site, its database, and the readers' letter box."""

    address: str
    settings: Settings
    database: Database
    publication_id: int

    def bring_the_mail(self) -> EmailMessage:
        """Send what is queued, and return the newest mail."""
        before = set(self.settings.mail_folder.glob("**/*.eml"))
        provider = open_outlet(self.settings)
        try:
            NoticeSender(self.database, provider, self.settings, pace=Pace(0)).step()
        finally:
            provider.close()
        [new] = set(self.settings.mail_folder.glob("**/*.eml")) - before
        mail = message_from_bytes(new.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def link(self, mail: EmailMessage, door: str) -> str:
        """The link to one of our doors in the text of a mail."""
        body = mail.get_body(("plain",))
        assert body is not None
        found = re.search(rf"{self.address}/{door}/[\w-]+", body.get_content())
        assert found is not None
        return found[0]

    def subscription(self, email: str) -> Subscription:
        with self.database.reading() as session:
            return session.exec(
                select(Subscription)
                .join(Subscriber, col(Subscriber.id) == Subscription.subscriber_id)
                .where(Subscriber.email_key == email)
            ).one()

    def consents(self) -> list[tuple[str, bool, str]]:
        with self.database.reading() as session:
            records = session.exec(select(ConsentRecord).order_by(col(ConsentRecord.id)))
            return [(record.kind, record.granted, record.source) for record in records]


@pytest.fixture
def town(database: Database, publication_id: int, tmp_path: Path) -> Iterator[Town]:
    settings = Settings(
        database_url=database.url,
        secret_key=SecretStr("a secret of the tests"),
        provider="folder",
        mail_folder=tmp_path / "mail",
    )
    towns: list[Town] = []

    def make(address: str) -> ASGIApp:
        here = settings.model_copy(update={"base_url": address})
        towns.append(Town(address, here, database, publication_id))
        return create_app(here, database)

    with serving(make):
        yield towns[0]


def test_a_reader_comes_and_leaves(town: Town) -> None:
    """As a mail program and a tool without a browser see it."""
    with httpx.Client(base_url=town.address) as web:
        web.post("/subscribe", data={"email": "ada@example.org"})
        mail = town.bring_the_mail()
        assert mail["To"] == "ada@example.org"
        confirm = town.link(mail, "confirm")

        web.get(confirm)
        assert town.subscription("ada@example.org").state == State.PENDING
        web.post(confirm, data={"topics": ["labs", "wire"]})
        subscription = town.subscription("ada@example.org")
        assert (subscription.state, subscription.mailable) == (State.ACTIVE, True)
        assert subscription.confirmed_at == pytest.approx(time.time(), abs=60)

        leave = town.link(town.bring_the_mail(), "unsubscribe")
        web.get(leave)
        assert town.subscription("ada@example.org").state == State.ACTIVE
        answer = web.post(leave, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, answer.history) == (200, [])
    subscription = town.subscription("ada@example.org")
    assert (subscription.state, subscription.mailable) == (State.UNSUBSCRIBED, False)
    assert town.consents() == [("mail", True, "form"), ("mail", False, "one-click")]


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not there (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    """A phone's page, with scripts off: what it complains of, or fetches elsewhere, is a fault."""
    faults: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            faults.append(message.text)

    def watch(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(town.address).netloc:
            faults.append(request.url)

    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    opened = context.new_page()
    opened.on("console", hear)
    opened.on("request", watch)
    yield opened
    context.close()
    assert faults == []


@pytest.mark.browser
def test_a_reader_comes_and_leaves_in_a_browser(town: Town, page: Page) -> None:
    """On a phone, without JavaScript."""
    page.goto(town.address)
    page.get_by_label("Your email address").fill("ada@example.org")
    for topic in ("From the Wire", "Benchmarks", "Trending"):
        page.get_by_label(topic).uncheck()
    page.get_by_label("which of its emails I open").check()
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Look in your inbox")).to_be_visible()

    page.goto(town.link(town.bring_the_mail(), "confirm"))
    expect(page.get_by_label("AI Labs")).to_be_checked()
    expect(page.get_by_label("Trending")).not_to_be_checked()
    expect(page.get_by_label("which of its emails I open")).to_be_checked()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()
    subscription = town.subscription("ada@example.org")
    assert (subscription.state, subscription.tracking) == (State.ACTIVE, Tracking.LINKED)
    assert subscription.muted == "benchmarks trending wire"

    welcome = town.bring_the_mail()
    page.goto(town.link(welcome, "preferences"))
    page.get_by_label("Off").check()
    page.get_by_label("For four weeks").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    subscription = town.subscription("ada@example.org")
    assert (subscription.state, subscription.tracking) == (State.PAUSED, Tracking.OFF)

    page.goto(town.link(welcome, "unsubscribe"))
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    assert town.subscription("ada@example.org").state == State.UNSUBSCRIBED

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert town.subscription("ada@example.org").state == State.ACTIVE


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_keep_their_colours(
    town: Town, browser: Browser, scheme: str
) -> None:
    """Nothing scrolls sideways at 360 px; our stylesheets pass our own policy, light and dark."""
    wanted = {"light": "rgb(255, 253, 249)", "dark": "rgb(26, 25, 23)"}[scheme]
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in ("/", "/subscribe", "/archive", "/confirm/nonsense"):
        page.goto(town.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == wanted
    context.close()
