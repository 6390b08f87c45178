"""The demo's inbox: lists, searches, shows a mail in three lights, and keeps it in its frame."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from newsletter.reports.figures import Clicks, DeliveryFigures, LinkFigures, Reason, Tally
from newsletter.reports.report import EditionReport
from newsletter.sandbox.inbox.app import PAGE, Inbox
from newsletter.sandbox.inbox.server import serve_inbox
from newsletter.sandbox.standin.control import Control

SITE = "http://127.0.0.1:8000"
MAIL = (
    "<html><head><style>@media (prefers-color-scheme: dark) { p { color: white } }</style></head>"
    f'<body><p>Hello <script>alert(1)</script></p><img alt="" src="{SITE}/o/t.gif"></body></html>'
)


def report() -> EditionReport:
    return EditionReport(
        edition="2026-11-22",
        date=dt.date(2026, 11, 22),
        title="The <night> shift",
        status="sent",
        started_at=1.0,
        finished_at=2.0,
        total=DeliveryFigures(recipients=1_500, sent=1_500, delivered=1_470, bounced=30),
        lanes={},
        bounces=(Reason("hard", "5.1.1", 30),),
        refusals=(),
        exclusions=(),
        counted_opens=Tally(7, 0),
        links=(LinkFigures(1, "https://a.example", "A story", Clicks(4, 5, 0), Tally()),),
    )


@pytest.fixture
def inbox(standin: Any, body: Any) -> Iterator[httpx.Client]:
    caller = standin()
    for start in (0, 30):
        people = [
            {"to": [{"email": f"reader-{number}@example.com"}]}
            for number in range(start, start + 30)
        ]
        content = [
            {"type": "text/plain", "value": "In <plain> words"},
            {"type": "text/html", "value": MAIL},
        ]
        caller.send(body(personalizations=people, content=content, subject="News & more"))
    with (
        serve_inbox(Inbox(Control(caller.standin.url), report, SITE).asgi()) as address,
        httpx.Client(base_url=address, trust_env=False) as client,
    ):
        yield client


@pytest.fixture
def mail_path(inbox: httpx.Client) -> str:
    page = inbox.get("/", params={"q": "reader-7@"}).text
    found = re.search(r'href="(/mails/[^"]+)"', page)
    assert found is not None
    return found[1]


def test_the_list_shows_the_newest_and_leads_to_older_ones(inbox: httpx.Client) -> None:
    page = inbox.get("/").text
    assert "60 mails" in page
    assert page.count("<tr>") == 1 + PAGE
    assert "reader-59@example.com" in page
    assert "News &amp; more" in page
    assert "Older" in page
    assert "Newer" not in page
    older = inbox.get("/", params={"page": 2}).text
    assert older.count("<tr>") == 1 + 60 - PAGE
    assert "Newer" in older


@pytest.mark.parametrize(("words", "count"), [("READER-7@", "1 mail<"), ("news", "60 mails")])
def test_readers_and_subjects_are_found(inbox: httpx.Client, words: str, count: str) -> None:
    assert count in inbox.get("/", params={"q": words}).text


def test_nothing_found_leads_back(inbox: httpx.Client) -> None:
    page = inbox.get("/", params={"q": '"><b>', "page": "x"}).text
    assert "No mail matches" in page
    assert '"><b>' not in page


def test_a_mail_stands_in_three_frames_with_its_text(inbox: httpx.Client, mail_path: str) -> None:
    page = inbox.get(mail_path).text
    assert [name in page for name in ("Desktop", "Phone", "Dark")] == [True] * 3
    assert page.count('sandbox="allow-popups allow-popups-to-escape-sandbox"') == 3
    assert "In &lt;plain&gt; words" in page


@pytest.mark.parametrize(("light", "query"), [("light", "not all"), ("dark", "all")])
def test_a_frame_shows_the_light_that_it_is_asked_for(
    inbox: httpx.Client, mail_path: str, light: str, query: str
) -> None:
    assert f"@media {query} {{" in inbox.get(f"{mail_path}/{light}").text


def test_looking_at_a_mail_is_nobodys_open_and_runs_nothing(
    inbox: httpx.Client, mail_path: str
) -> None:
    answer = inbox.get(f"{mail_path}/light")
    assert "/o/t.gif" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "script" not in policy


@pytest.mark.parametrize("path", ["/mails/none", "/mails/none/dark", "/else"])
def test_what_is_not_there_is_404(inbox: httpx.Client, path: str) -> None:
    assert inbox.get(path).status_code == 404


def test_an_unknown_light_is_404(inbox: httpx.Client, mail_path: str) -> None:
    assert inbox.get(f"{mail_path}/blue").status_code == 404


def test_the_report_shows_figures_bounces_and_links(inbox: httpx.Client) -> None:
    page = inbox.get("/report").text
    assert "Apple, scanners" in page  # Gmail's proxy counts as people: feedback/verdict.py
    for words in ("The &lt;night&gt; shift", "1,470", "98.0%", "5.1.1", "A story", ">5</td>"):
        assert words in page
    assert f"{SITE}/archive/2026-11-22" in page


def test_the_stylesheet_is_its_own(inbox: httpx.Client) -> None:
    answer = inbox.get("/inbox.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text


def test_the_inbox_is_served_until_the_block_ends() -> None:
    pages = Inbox(Control("http://127.0.0.1:9"), report, SITE)
    with httpx.Client(trust_env=False) as client:
        with serve_inbox(pages.asgi()) as address:
            assert client.get(f"{address}/report").status_code == 200
        with pytest.raises(httpx.ConnectError):
            client.get(f"{address}/report")
