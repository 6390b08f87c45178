"""Person or machine: who asked for a pixel or a link. Pure.

Machines are labelled, never dropped, and always served. What tells them:

- Apple Mail Privacy Protection fetches every picture ahead of the reader, with a user agent of
  exactly `Mozilla/5.0` (observed by senders since 2021; Apple documents only that it happens).
- Gmail's `GoogleImageProxy` and Yahoo's `YahooMailProxy` mostly fetch when the mail is opened and
  cache afterwards: a person's open, seen through a proxy, and labelled so.
- Link scanners of mail gateways (Microsoft Defender, Proofpoint, Mimecast, Barracuda) look within
  seconds of the delivery, with HEAD, or follow several links at once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

APPLE = "Mozilla/5.0"
EARLY_SECONDS = 5.0
BURST_SECONDS = 2.0
BURST_LINKS = 3

_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
_SCANNER = re.compile(
    # what says so itself, link previews included
    r"bot\b|crawl|spider|scan|preview|monitor|facebookexternalhit|slackbot|whatsapp"
    # mail gateways
    r"|proofpoint|mimecast|barracuda|trendmicro|sophos|symantec|forcepoint|safelinks|ciscoesa"
    # programs
    r"|headless|phantomjs|python|curl/|wget|go-http-client|java/|okhttp|libwww|httpclient"
    r"|node-fetch|axios|ruby|php/",
    re.IGNORECASE,
)


class HitKind(StrEnum):
    """What was asked for."""

    OPEN = "open"
    CLICK = "click"


class Verdict(StrEnum):
    """Who it was, and why we think so."""

    PERSON = "person"
    PROXY = "person, through their mailbox provider's proxy"
    APPLE = "Apple's prefetch"
    HEAD = "asked for headers only"
    SCANNER = "a program by its own words"
    EARLY = "within seconds of the delivery"
    BURST = "several links at once"

    @property
    def is_person(self) -> bool:
        return self in {Verdict.PERSON, Verdict.PROXY}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: for the pixel (`link` None) or a link, `at` UTC seconds."""

    kind: HitKind
    link: int | None
    at: float
    method: str
    user_agent: str


def judge(hits: Sequence[Seen], *, arrived_at: float | None) -> list[Verdict]:
    """Judge one delivery's hits together, in their order.

    `arrived_at` is when the mail was delivered (else accepted), None where that is not known.
    Hits of several readers who can't be told apart are judged one by one: a burst needs a reader.
    """
    burst = _burst(hits)
    return [
        Verdict.BURST if index in burst else _judge_alone(hit, arrived_at)
        for index, hit in enumerate(hits)
    ]


def _judge_alone(hit: Seen, arrived_at: float | None) -> Verdict:
    agent = hit.user_agent.strip()
    if hit.method == "HEAD":
        return Verdict.HEAD
    if agent == APPLE:
        return Verdict.APPLE
    if not agent or _SCANNER.search(agent):
        return Verdict.SCANNER
    if arrived_at is not None and hit.at < arrived_at + EARLY_SECONDS:
        return Verdict.EARLY
    return Verdict.PROXY if _PROXY.search(agent) else Verdict.PERSON


def _burst(hits: Sequence[Seen]) -> set[int]:
    """Indexes of the clicks that lie in a span of 2 s with at least 3 different links."""
    clicks = sorted(
        (index for index, hit in enumerate(hits) if hit.kind == HitKind.CLICK),
        key=lambda index: hits[index].at,
    )
    burst: set[int] = set()
    start = 0
    for end, index in enumerate(clicks):
        while hits[clicks[start]].at < hits[index].at - BURST_SECONDS:
            start += 1
        span = clicks[start : end + 1]
        if len({hits[one].link for one in span}) >= BURST_LINKS:
            burst.update(span)
    return burst
