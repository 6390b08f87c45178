"""Whether an edition's links and pictures answer: asked in parallel, within a time limit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx

from emails.composition import Finding, TrackedLink

AT_ONCE = 20
SECONDS = 10.0
"""For one answer."""
SECONDS_IN_ALL = 90.0
USER_AGENT = "Newsletter-Link-Check/1.0"
PICTURE_BYTES = 300_000
"""A picture heavier than this keeps a phone waiting."""
ALL_PICTURES_BYTES = 1_000_000

_NOT_FOR_HEAD = frozenset({400, 403, 404, 405, 406, 501})
"""Some servers answer these to HEAD and have the page all the same."""
_GUARDED = frozenset({401, 403, 405, 406, 429, 451, 503, 999})
"""What a program gets where a person with a browser may see the page."""
_FAILED = 400

Told = Callable[[], None]
Field = Callable[[str], str]
"""Says which field of the issue has an address."""
Client = httpx.AsyncClient


def _nobody() -> None:
    """For callers who show no progress."""


def _in_html(_url: str) -> str:
    """For callers who have no issue."""
    return "html"


def check_links(
    links: Sequence[TrackedLink],
    *,
    field: Field = _in_html,
    told: Told = _nobody,
    seconds: float = SECONDS_IN_ALL,
) -> list[Finding]:
    """Return a warning for each link that does not answer with success.

    `told` is called after each answer; what has not answered after `seconds` is told as such.
    """
    answers = asyncio.run(_ask_all([link.url for link in links], _ask_page, told, seconds))
    return [
        Finding(code, "warning", field(link.url), f"{link.url} {message}")
        for link, (code, message) in zip(links, answers, strict=True)
        if code
    ]


def check_pictures(
    sources: Sequence[str],
    *,
    field: Field = _in_html,
    told: Told = _nobody,
    seconds: float = SECONDS_IN_ALL,
) -> list[Finding]:
    """Return a warning for each picture that is not there or too heavy, and for all together."""
    weights: list[int] = []

    async def weigh(client: Client, source: str) -> tuple[str, str]:
        return await _weigh(client, source, weights)

    answers = asyncio.run(_ask_all(sources, weigh, told, seconds))
    findings = [
        Finding(code, "warning", field(source), f"{source} {message}")
        for source, (code, message) in zip(sources, answers, strict=True)
        if code
    ]
    if sum(weights) > ALL_PICTURES_BYTES:
        message = f"the pictures have {sum(weights):,} bytes together; {ALL_PICTURES_BYTES:,} are a lot on the way to work, so scale them down"
        findings.append(Finding("heavy-pictures", "warning", "html", message))
    return findings


Ask = Callable[[Client, str], Awaitable[tuple[str, str]]]
"""Asks one address and says what is wrong with it, as (code, message); two empty words if nothing."""


async def _ask_all(
    urls: Sequence[str], ask: Ask, told: Told, seconds: float
) -> list[tuple[str, str]]:
    places = asyncio.Semaphore(AT_ONCE)

    async def answer(client: Client, url: str) -> tuple[str, str]:
        async with places:
            try:
                return await ask(client, url)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                why = type(error).__name__
                return "dead-link", f"does not answer ({why}): correct it, or leave it out"
            finally:
                told()

    if not urls:
        return []
    async with Client(
        follow_redirects=True, timeout=SECONDS, headers={"User-Agent": USER_AGENT}
    ) as client:
        tasks = [asyncio.ensure_future(answer(client, url)) for url in urls]
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    unasked = (
        "unasked-link",
        f"has not answered within the {seconds:.0f} seconds for all: look yourself",
    )
    return [unasked if task in late else task.result() for task in tasks]


async def _ask_page(client: Client, url: str) -> tuple[str, str]:
    status = await _status(client, url)
    if status < _FAILED:
        return "", ""
    if status in _GUARDED:
        return "guarded-link", f"answers {status} to a program: look yourself whether it is there"
    return "dead-link", f"answers {status}: correct it, or leave it out"


async def _status(client: Client, url: str) -> int:
    try:
        head = await client.head(url)
    except httpx.RemoteProtocolError:  # hangs up on HEAD
        head = None
    if head is not None and head.status_code not in _NOT_FOR_HEAD:
        return head.status_code
    async with client.stream("GET", url) as response:
        return response.status_code


async def _weigh(client: Client, source: str, weights: list[int]) -> tuple[str, str]:
    async with client.stream("GET", source) as response:
        if response.status_code >= _FAILED:
            said = f"answers {response.status_code}: correct the address, or put the picture there"
            return "dead-picture", said
        if not response.headers.get("content-type", "").startswith("image/"):
            return "not-a-picture", "is no picture to the server that has it: correct it"
        weight = await _bytes_of(response)
    weights.append(weight)
    if weight > PICTURE_BYTES:
        said = f"has more than {PICTURE_BYTES:,} bytes: scale it down"
        return "heavy-picture", said
    return "", ""


async def _bytes_of(response: httpx.Response) -> int:
    """The size that the server names, else what comes; no more is fetched than decides."""
    named = response.headers.get("content-length", "")
    if named.isascii() and named.isdigit():
        return int(named)
    came = 0
    async for chunk in response.aiter_raw():
        came += len(chunk)
        if came > ALL_PICTURES_BYTES:
            break
    return came
