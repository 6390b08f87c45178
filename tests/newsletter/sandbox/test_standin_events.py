"""After the acceptance: signed events, and readers who open and click."""

import base64
import json
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sendgrid import EventWebhook

from newsletter.sandbox.standin.fate import Fate, fate_of
from newsletter.sandbox.standin.loopback_http import NotLoopbackError
from newsletter.sandbox.standin.options import Shares
from newsletter.sandbox.standin.readers import APPLE_PROXY, BROWSERS, SCANNER, addresses_in
from newsletter.sandbox.standin.webhook import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    EventSigner,
    Outbox,
)

NOBODY = Shares(
    hard_bounce=0,
    mailbox_full=0,
    policy_block=0,
    dropped=0,
    deferred=0,
    complaint=0,
    reads=0,
    clicks=0,
    prefetched=0,
    scanned=0,
    duplicate_events=0,
)
AT_ONCE = {
    "delivery_seconds": 0.0,
    "soonest_reading_seconds": 0.0,
    "reading_seconds": 0.0,
}


class Site(ThreadingHTTPServer):
    """Records what is called; answers with the statuses that a test has queued, else 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        self.calls: queue.Queue[tuple[str, str, dict[str, str], bytes]] = queue.Queue()
        self.statuses: queue.Queue[int] = queue.Queue()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def posts(self) -> Iterator[tuple[dict[str, str], bytes]]:
        while True:
            _, path, headers, body = self.calls.get(timeout=20)
            if path == "/hook":
                yield headers, body

    def events(self, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for _, body in self.posts():
            found.extend(json.loads(body))
            if len(found) >= count:
                return found
        return found


class Visit(BaseHTTPRequestHandler):
    server: Site

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status = self.server.statuses.get_nowait()
        except queue.Empty:
            status = 200
        self.send_response(status)
        self.end_headers()
        self.server.calls.put((self.command, self.path, dict(self.headers), body))

    do_GET = do_HEAD = do_POST = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        site.shutdown()
        thread.join()


def to(*addresses: str) -> list[dict[str, Any]]:
    return [
        {
            "to": [{"email": address}],
            "substitutions": {"WORD": address.partition("@")[0]},
            "custom_args": {"nl_delivery": f"1-{position}"},
        }
        for position, address in enumerate(addresses)
    ]


def test_events_are_signed_as_sendgrid_signs_them(standin: Any, site: Site, body: Any) -> None:
    caller = standin(webhook_url=f"{site.url}/hook", shares=NOBODY, **AT_ONCE)
    caller.send(body(2))
    headers, raw = next(site.posts())
    verifier = EventWebhook(caller.standin.public_key)
    timestamp = headers[TIMESTAMP_HEADER]
    assert verifier.verify_signature(raw.decode(), headers[SIGNATURE_HEADER], timestamp)
    assert not verifier.verify_signature(raw.decode() + " ", headers[SIGNATURE_HEADER], timestamp)
    assert raw.startswith(b"[")
    assert raw.endswith(b"]\r\n")
    assert caller.request("GET", "/standin/public-key").text == caller.standin.public_key


def test_every_fate_posts_its_events_with_our_arguments(
    standin: Any, site: Site, body: Any
) -> None:
    caller = standin(webhook_url=f"{site.url}/hook", shares=NOBODY, **AT_ONCE)
    names = ["bounce-1", "full-1", "blocked-1", "dropped-1", "deferred-1", "complain-1", "ada"]
    caller.send(body(personalizations=to(*(f"{name}@example.com" for name in names))))
    events = site.events(9)
    told = Counter((event["email"].partition("@")[0], event["event"]) for event in events)
    assert told == {
        ("bounce-1", "bounce"): 1,
        ("full-1", "bounce"): 1,
        ("blocked-1", "bounce"): 1,
        ("dropped-1", "dropped"): 1,
        ("deferred-1", "deferred"): 1,
        ("deferred-1", "delivered"): 1,
        ("complain-1", "delivered"): 1,
        ("complain-1", "spamreport"): 1,
        ("ada", "delivered"): 1,
    }
    by_name = {event["email"].partition("@")[0]: event for event in events}
    assert by_name["bounce-1"]["status"] == "5.1.1"
    assert (by_name["full-1"]["type"], by_name["full-1"]["status"]) == ("blocked", "5.2.2")
    assert by_name["ada"]["nl_delivery"] == "1-6"
    assert by_name["ada"]["nl_edition"] == "1"
    assert len({event["sg_event_id"] for event in events}) == 9


def test_a_webhook_that_fails_gets_the_same_events_again(
    standin: Any, site: Site, body: Any
) -> None:
    site.statuses.put(503)
    caller = standin(webhook_url=f"{site.url}/hook", shares=NOBODY, **AT_ONCE)
    caller.send(body(1))
    posts = site.posts()
    (_, first), (_, second) = next(posts), next(posts)
    assert first == second


def test_some_events_come_twice_under_the_same_id(standin: Any, site: Site, body: Any) -> None:
    shares = replace(NOBODY, duplicate_events=1.0)
    caller = standin(webhook_url=f"{site.url}/hook", shares=shares, **AT_ONCE)
    caller.send(body(1))
    events = site.events(2)
    assert events[0] == events[1]


def test_readers_call_what_their_own_mail_holds_each_in_their_way(
    standin: Any, site: Site, body: Any
) -> None:
    shares = replace(NOBODY, reads=1.0, clicks=1.0, prefetched=1.0, scanned=1.0)
    caller = standin(webhook_url=f"{site.url}/hook", shares=shares, **AT_ONCE)
    page = (
        f'<img src="{site.url}/o/WORD.gif"><a href="{site.url}/c/1/WORD">A</a>'
        f'<a href="{site.url}/unsubscribe/WORD">Leave</a>'
        '<img src="https://far.example/logo.png"><a href="https://far.example/">Far</a>'
    )
    content = [{"type": "text/html", "value": page}]
    caller.send(body(personalizations=to("ada@example.com"), content=content))
    wanted = {
        ("GET", "/o/ada.gif", "person"),
        ("GET", "/o/ada.gif", "apple"),
        ("HEAD", "/c/1/ada", "scanner"),
        ("HEAD", "/unsubscribe/ada", "scanner"),
        ("GET", "/c/1/ada", "person"),
    }
    seen: set[tuple[str, str, str]] = set()
    while not wanted <= seen:
        method, path, headers, _ = site.calls.get(timeout=20)
        if path != "/hook":
            seen.add((method, path, WHO[headers["User-Agent"]]))
    assert seen == wanted


WHO = {APPLE_PROXY: "apple", SCANNER: "scanner", **dict.fromkeys(BROWSERS, "person")}


def test_without_a_webhook_nothing_happens_afterwards(standin: Any, body: Any) -> None:
    caller = standin()
    caller.send(body(5))
    stats = caller.get("/standin/stats")
    assert (stats["planned"], stats["events_waiting"]) == (0, 0)


def test_a_webhook_outside_this_machine_is_refused() -> None:
    with pytest.raises(NotLoopbackError):
        Outbox("http://127.0.0.1.far.example/hook", EventSigner())


def test_fates_follow_the_shares_and_are_always_the_same() -> None:
    shares = Shares(hard_bounce=0.1, deferred=0.2)
    addresses = [f"reader{number}@example.com" for number in range(4000)]
    fates = [fate_of(address, seed=7, shares=shares) for address in addresses]
    assert fates == [fate_of(address, seed=7, shares=shares) for address in addresses]
    assert fates != [fate_of(address, seed=8, shares=shares) for address in addresses]
    assert 0.07 < fates.count(Fate.HARD_BOUNCE) / 4000 < 0.13
    assert 0.16 < fates.count(Fate.DEFERRED) / 4000 < 0.24


def test_only_addresses_of_this_machine_are_found_in_a_mail() -> None:
    page = (
        '<img src="http://localhost:1/o/x.gif"><img src="http://far.example/x.gif"><img>'
        '<a href="http://127.0.0.1:1/c/1/x">A</a><a href="http://127.0.0.1:1/c/1/x">again</a>'
        '<a href="mailto:a@example.com">B</a>'
    )
    found = addresses_in(page)
    assert found.images == ("http://localhost:1/o/x.gif",)
    assert found.links == ("http://127.0.0.1:1/c/1/x",)


def test_a_signature_is_der_in_base64() -> None:
    signer = EventSigner()
    signature = base64.b64decode(signer.headers(b"[]\r\n")[SIGNATURE_HEADER])
    assert signature[0] == 0x30  # an ASN.1 SEQUENCE
