"""An edition's walk and its events': API, worker, provider, webhook, report; all over real HTTP.

The stand-in takes the mail as SendGrid would and calls back with signed events; its invented
readers open and click the very mails that they got.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from newsletter.accounts import tokens
from newsletter.database import Database
from newsletter.editions.library import find_edition
from newsletter.reports.report import edition_report
from newsletter.sandbox.standin.control import Control
from newsletter.sandbox.standin.journal import read_journal
from newsletter.sandbox.standin.options import Shares, StandInOptions
from newsletter.sandbox.standin.process import StandIn
from newsletter.settings import Settings
from newsletter.web.app import create_app
from newsletter.web.serving import serving
from newsletter.worker import Worker
from subscribers.models import Subscription
from tests.faults.press import eventually
from tests.newsletter.dispatch.desk import Desk
from tests.newsletter.web.world import issue_yaml

KEY = "SG.acceptance"
SECRET = "a secret for the acceptance tests"
NOBODY_READS = Shares(
    hard_bounce=0, mailbox_full=0, policy_block=0, dropped=0, deferred=0, complaint=0,
    reads=0, clicks=0, prefetched=0, scanned=0, duplicate_events=0.5,
)  # fmt: skip


@dataclass
class House:
    """A site, a worker and a provider, running."""

    database: Database
    publication_id: int
    http: httpx.Client
    standin: Control
    journal: Path

    def post(self, path: str, **values: Any) -> dict[str, Any]:
        answer = self.http.post(f"/api/v1/editions{path}", **values)
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def send(self, name: str, *, title: str) -> None:
        """Import, approve and send an edition as an editor's tool does; wait until it is sent."""
        self.post("", content=issue_yaml(name, title))
        self.post(f"/{name}/approve")
        self.post(f"/{name}/send", json={})
        eventually(lambda: self.progress(name)["status"] == "sent", what=f"{name} is sent")

    def progress(self, name: str) -> dict[str, Any]:
        body: dict[str, Any] = self.http.get(f"/api/v1/editions/{name}").json()
        return body

    def report(self, name: str) -> dict[str, Any]:
        with self.database.reading() as session:
            return edition_report(
                session, find_edition(session, self.publication_id, name)
            ).to_dict()

    def received(self, name: str) -> Counter[str]:
        with self.database.reading() as session:
            edition = find_edition(session, self.publication_id, name).key
        return Counter(
            one.email for one in read_journal(self.journal) if one.edition == str(edition)
        )

    def mail_to(self, email: str) -> dict[str, Any]:
        """The newest mail to an address, as its reader got it."""
        newest = self.standin.mails(email)["mails"][0]
        return self.standin.mail(newest["id"])


@pytest.fixture
def shares(request: pytest.FixtureRequest) -> Shares:
    """What the stand-in's readers do; a test may say otherwise by parametrising it."""
    chosen: Shares = getattr(request, "param", NOBODY_READS)
    return chosen


@pytest.fixture
def house(
    database: Database, publication_id: int, tmp_path: Path, shares: Shares
) -> Iterator[House]:
    with ExitStack() as stack:
        journal = tmp_path / "journal.jsonl"
        doors: dict[str, StandIn] = {}

        def make_app(address: str) -> ASGIApp:
            options = StandInOptions(
                journal=journal,
                api_key=KEY,
                webhook_url=f"{address}/hooks/sendgrid",
                shares=shares,
                delivery_seconds=0.3,
                soonest_reading_seconds=5.5,
                reading_seconds=6.5,
            )
            doors["standin"] = stack.enter_context(StandIn.start(options))
            doors_settings.update(
                base_url=address,
                sendgrid_host=doors["standin"].url,
                sendgrid_webhook_public_key=doors["standin"].public_key,
            )
            return create_app(Settings(**doors_settings), database)

        doors_settings: dict[str, Any] = {
            "secret_key": SecretStr(SECRET),
            "provider": "sendgrid",
            "sendgrid_api_key": SecretStr(KEY),
            "lease_seconds": 5.0,
        }
        address = stack.enter_context(serving(make_app))
        stack.callback(_work(Settings(**doors_settings), database))
        with database.writing() as session:
            token = tokens.create(session, name="test", now=1.0).text
        headers = {"Authorization": f"Bearer {token}"}
        http = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=60.0))
        yield House(database, publication_id, http, Control(doors["standin"].url), journal)


def _work(settings: Settings, database: Database) -> Callable[[], None]:
    """Start a worker in a thread; return what stops it."""
    worker = Worker(settings, database)
    thread = threading.Thread(target=worker.run)
    thread.start()

    def stop() -> None:
        worker.stop()
        thread.join()

    return stop


def test_an_edition_goes_from_its_file_to_every_inbox_and_comes_back_as_figures(
    house: House,
) -> None:
    desk = Desk(house.database, house.publication_id)
    readers = desk.add_readers(40)
    desk.add_readers(3, mailable=False, state="unsubscribed")

    house.send("2026-11-22", title="Morning")
    eventually(lambda: house.progress("2026-11-22")["delivered"] == 40, what="all delivered")

    assert house.received("2026-11-22") == Counter(readers)
    report = house.report("2026-11-22")
    assert (report["sent"], report["delivered"], report["bounced"]) == (40, 40, 0)
    page = house.http.get("/archive/2026-11-22")
    assert "Morning" in page.text


def test_who_leaves_by_one_click_is_left_out_of_the_next_edition(house: House) -> None:
    readers = Desk(house.database, house.publication_id).add_readers(5)
    house.send("2026-11-22", title="Morning")
    mail = house.mail_to(readers[2])
    address = mail["headers"]["List-Unsubscribe"].split(">")[0].removeprefix("<")

    for _ in range(2):
        answer = httpx.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert not answer.is_redirect
    house.send("2026-11-23", title="The next morning")

    assert house.received("2026-11-23") == Counter(set(readers) - {readers[2]})


def test_bounces_and_complaints_suppress_and_are_told_apart(house: House) -> None:
    desk = Desk(house.database, house.publication_id)
    desk.add_readers(4)
    for fate in ("bounce", "full", "complain", "dropped"):
        desk.add_reader(f"{fate}-1@example.com")

    house.send("2026-11-22", title="Morning")
    eventually(
        lambda: (
            house.report("2026-11-22")["bounced"] == 3
            and house.report("2026-11-22")["complained"] == 1
        ),
        what="every event has come",
    )

    report = house.report("2026-11-22")
    assert report["delivered"] == 5  # a complaint came with a delivery
    assert report["delivered"] + report["bounced"] == report["sent"] == 8
    house.send("2026-11-23", title="The next morning")
    assert not {"bounce-1@example.com", "complain-1@example.com"} & set(
        house.received("2026-11-23")
    )
    assert "full-1@example.com" in house.received("2026-11-23")


READERS_READ = Shares(
    hard_bounce=0, mailbox_full=0, policy_block=0, dropped=0, deferred=0, complaint=0,
    reads=1, clicks=1, prefetched=0, scanned=0, duplicate_events=0,
)  # fmt: skip
MACHINES_READ = Shares(
    hard_bounce=0, mailbox_full=0, policy_block=0, dropped=0, deferred=0, complaint=0,
    reads=0, clicks=0, prefetched=1, scanned=0, duplicate_events=0,
)  # fmt: skip


@pytest.mark.parametrize("shares", [READERS_READ], indirect=True)
def test_people_are_counted_as_their_consent_says(house: House) -> None:
    desk = Desk(house.database, house.publication_id)
    linked = desk.add_readers(6, tracking="linked")
    counted = desk.add_readers(4, tracking="counted")
    off = desk.add_readers(3, tracking="off")

    house.send("2026-11-22", title="Morning")
    eventually(lambda: has_read(house, linked=6, counted=4), what="everybody has read")

    report = house.report("2026-11-22")
    assert report["opens_machine"] == 0
    assert report["clicks"] > 0
    assert "/o/" not in house.mail_to(off[0])["html"]
    assert "https://example.org/a" in house.mail_to(off[0])["html"]
    assert len({pixel(house, one) for one in linked}) == 6
    assert len({pixel(house, one) for one in counted}) == 1


@pytest.mark.parametrize("shares", [MACHINES_READ], indirect=True)
def test_apples_proxy_is_no_reader(house: House) -> None:
    Desk(house.database, house.publication_id).add_readers(5, tracking="linked")

    house.send("2026-11-22", title="Morning")
    eventually(
        lambda: house.report("2026-11-22")["opens_machine"] == 5, what="the proxy has fetched"
    )

    assert house.report("2026-11-22")["opens_people"] == 0


def test_a_forged_event_changes_nothing(house: House) -> None:
    desk = Desk(house.database, house.publication_id)
    desk.add_readers(1)
    house.send("2026-11-22", title="Morning")

    answer = house.http.post(
        "/hooks/sendgrid",
        content=b'[{"event":"spamreport","email":"reader1@example.com","timestamp":1}]',
        headers={
            "X-Twilio-Email-Event-Webhook-Signature": "MEUCIQDforged",
            "X-Twilio-Email-Event-Webhook-Timestamp": "1",
        },
    )

    assert answer.status_code == 403
    with house.database.reading() as session:
        assert session.get_one(Subscription, (1, house.publication_id)).mailable


def has_read(house: House, *, linked: int, counted: int) -> bool:
    report = house.report("2026-11-22")
    return bool(report["opens_people"] == linked and report["opens_counted"] == counted)


def pixel(house: House, email: str) -> str:
    html: str = house.mail_to(email)["html"]
    return html.partition("/o/")[2].partition(".gif")[0]
