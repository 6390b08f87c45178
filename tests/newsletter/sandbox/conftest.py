"""A running stand-in, and requests as SendGrid takes them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsletter.sandbox.standin.options import StandInOptions
from newsletter.sandbox.standin.process import StandIn

KEY = "SG.standin"
WORD = "Q7f3a9c01bR0Q"


def message(count: int = 2, **changes: Any) -> dict[str, Any]:
    """A body that SendGrid would take; `changes` set or, with None, remove a field."""
    body: dict[str, Any] = {
        "personalizations": [
            {
                "to": [{"email": f"reader-{number}@example.com"}],
                "substitutions": {WORD: f"token-{number}"},
                "headers": {"Message-ID": f"<1-{number}@news.example>"},
                "custom_args": {"nl_delivery": f"1-{number}"},
            }
            for number in range(count)
        ],
        "from": {"email": "news@news.example", "name": "The News"},
        "subject": "News",
        "content": [
            {"type": "text/plain", "value": f"Hello {WORD}"},
            {"type": "text/html", "value": f"<p>Hello {WORD}</p>"},
        ],
        "custom_args": {"nl_edition": "1", "nl_batch": "7"},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


class Caller:
    """Speaks to a stand-in."""

    def __init__(self, standin: StandIn, journal: Path) -> None:
        self.standin = standin
        self.journal = journal
        self._client = httpx.Client(
            base_url=standin.url,
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
            timeout=30,
        )

    def send(self, body: Any) -> httpx.Response:
        return self._client.post("/v3/mail/send", json=body)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._client.request(method, path, **options)

    def get(self, path: str, **params: str) -> Any:
        return self._client.get(path, params=params).json()

    def close(self) -> None:
        self._client.close()


Start = Callable[..., Caller]


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Start]:
    """Start a stand-in with these options."""
    with ExitStack() as stack:

        def start(**options: Any) -> Caller:
            journal = tmp_path / "journal.jsonl"
            started = StandIn.start(StandInOptions(journal=journal, api_key=KEY, **options))
            stack.callback(started.stop)
            caller = Caller(started, journal)
            stack.callback(caller.close)
            return caller

        yield start


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    return message
