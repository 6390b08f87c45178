"""Asks a running stand-in what it has seen, and orders its misbehaviour."""

import json
from typing import Any, cast
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from newsletter.sandbox.standin.loopback_http import require_loopback

ANSWER_SECONDS = 30.0


class Control:
    """The door at /standin. Raises NotLoopbackError, and OSError where nobody answers."""

    def __init__(self, url: str) -> None:
        require_loopback(url)
        self._url = url
        self._opener = build_opener(ProxyHandler({}))

    def stats(self) -> dict[str, int]:
        return cast("dict[str, int]", self._get("/standin/stats"))

    def mails(self, words: str = "", *, offset: int = 0, limit: int = 50) -> dict[str, Any]:
        """`{"total": …, "mails": […]}`, newest first; see `StandInApp.mails`."""
        query = urlencode({"q": words, "offset": offset, "limit": limit})
        return cast("dict[str, Any]", self._get(f"/standin/mails?{query}"))

    def mail(self, mail_id: str) -> dict[str, Any]:
        """A whole mail as its reader got it; HTTPError (404) for one that isn't kept."""
        return cast("dict[str, Any]", self._get(f"/standin/mails/{quote(mail_id, safe='')}"))

    def order_fault(self, **fault: object) -> None:
        """Let the next requests fail; see `faults.Fault`."""
        self._post("/standin/faults", fault)

    def hold_events(self, *, held: bool) -> None:
        """Keep events back, or let them go."""
        self._post("/standin/events", {"held": held})

    def _get(self, path: str) -> object:
        with self._opener.open(self._url + path, timeout=ANSWER_SECONDS) as answer:
            return json.load(answer)

    def _post(self, path: str, body: dict[str, Any]) -> None:
        request = Request(self._url + path, json.dumps(body).encode(), method="POST")  # noqa: S310 - loopback only
        with self._opener.open(request, timeout=ANSWER_SECONDS):
            pass
