"""How long composing takes, step by step, and how large what it gives is."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from emails import composer
from emails.addresses import Addresses
from emails.brand import Brand
from emails.composition import Composition
from emails.issue_files import load_issue
from emails.mime import MailHeaders, build_skeleton
from emails.slots import fill, split
from newsletter.bench.helper import Helper
from newsletter.bench.npm_mjml import npm_mjml_ms

RUNS = 20
BATCHES = 200
FILLS_A_BATCH = 10
"""One is over too soon for the clock to be read around it."""
MILLISECONDS = 1e3
MICROSECONDS = 1e6
STEPS = {"jinja": "_mjml", "mjml": "mjml_to_html", "inline": "inline", "text": "_text"}
"""Steps of `compose` and the functions that do them."""
SAMPLE = {"token": "ZAEBc2FtcGxlLXRva2VuLW9mLWEtcmVhZGVy"}


def measure_compose(path: Path) -> dict[str, Any]:
    """Compose an edition file again and again; times are medians, all links tracked.

    They are processor time, so that what else the machine does counts as little as can be. Only
    `cold_ms`, the first composition of a process after its imports, and `npm_mjml_ms` are by the
    wall's clock; the latter is None on a machine without node or npm's mjml.

    Raises IssueFileError.
    """
    issue = load_issue(path).issue
    with Helper("newsletter.bench.cold", {"file": str(path)}) as cold:
        cold_ms = cold.hear()["ms"]

    def once() -> Composition:
        return composer.compose(issue, Brand.default(), addresses=Addresses.sample())

    composition = once()
    warm = [_seconds(once) for _ in range(RUNS)]
    return {
        "file": path.name,
        "links": len(composition.links),
        "warm_ms": _round(statistics.median(warm) * MILLISECONDS),
        "cold_ms": _round(cold_ms),
        "stages_ms": _steps(once),
        "npm_mjml_ms": npm_mjml_ms(composition.mjml),
        "html_bytes": _size(composition, composition.html),
        "text_bytes": _size(composition, composition.text),
        "fill_us": _round(_fill_seconds(composition) * MICROSECONDS),
        "mime_us": _round(_mime_seconds(composition) * MICROSECONDS),
    }


def _steps(compose: Callable[[], object]) -> dict[str, float]:
    """Median milliseconds of each step, measured where it stands inside `compose`."""
    seconds: dict[str, list[float]] = defaultdict(list)
    with _watched(seconds):
        for _ in range(RUNS):
            compose()
    return {step: _round(statistics.median(seconds[step]) * MILLISECONDS) for step in STEPS}


@contextmanager
def _watched(seconds: Mapping[str, list[float]]) -> Iterator[None]:
    """Put a stopwatch around each of the composer's steps."""
    watches: dict[str, Any] = {
        name: _stopwatch(getattr(composer, name), seconds[step]) for step, name in STEPS.items()
    }
    with patch.multiple(composer, **watches):
        yield


def _stopwatch(function: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        begun = time.thread_time()
        result = function(*arguments, **named)
        seconds.append(time.thread_time() - begun)
        return result

    return timed


def _fill_seconds(composition: Composition) -> float:
    """Putting one reader's values into HTML, text and subject, each cut at its slots before."""
    parts = [
        split(text, composition.slots)
        for text in (composition.html, composition.text, composition.subject)
    ]
    return _median_of_many(lambda: [part.fill(SAMPLE) for part in parts])


def _mime_seconds(composition: Composition) -> float:
    """One reader's whole message from the skeleton."""
    headers = MailHeaders(
        sender="The Bench <desk@bench.example>",
        date=time.time(),
        message_id_domain="bench.example",
        list_unsubscribe="https://bench.example/unsubscribe/{token}",
    )
    skeleton = build_skeleton(composition, headers)
    values = {**SAMPLE, "to": "reader@example.com", "message_id": headers.message_id("1-1")}
    return _median_of_many(lambda: skeleton.fill(values))


def _median_of_many(act: Callable[[], object]) -> float:
    def batch() -> None:
        for _ in range(FILLS_A_BATCH):
            act()

    return statistics.median(_seconds(batch) for _ in range(BATCHES)) / FILLS_A_BATCH


def _seconds(act: Callable[[], object]) -> float:
    begun = time.thread_time()
    act()
    return time.thread_time() - begun


def _size(composition: Composition, text: str) -> int:
    """Bytes as they go out, slots filled."""
    return len(fill(text, composition.slots, SAMPLE).encode())


def _round(number: float) -> float:
    return round(number, 2)
