"""Whether an edition's links answer: asked in parallel, within a time limit."""

import asyncio
from collections.abc import Sequence

import httpx

from emails.composition import Finding, TrackedLink

AT_ONCE = 20
SECONDS = 10.0
USER_AGENT = "Newsletter-Link-Check/1.0"
NOT_FOR_HEAD = frozenset({403, 404, 405, 501})
"""Some servers answer these to HEAD and have the page all the same."""
GONE = 400


def check_links(links: Sequence[TrackedLink]) -> list[Finding]:
    """Return a warning for each link that does not answer with success."""
    return asyncio.run(_check_all([one for one in links if one.url.startswith("http")]))


async def _check_all(links: Sequence[TrackedLink]) -> list[Finding]:
    places = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(
        follow_redirects=True, timeout=SECONDS, headers={"User-Agent": USER_AGENT}
    ) as client:
        answers = await asyncio.gather(*(_ask(client, places, link) for link in links))
    return [
        Finding("dead-link", "warning", f"link {link.number}", f"{link.url} {answer}")
        for link, answer in zip(links, answers, strict=True)
        if answer
    ]


async def _ask(client: httpx.AsyncClient, places: asyncio.Semaphore, link: TrackedLink) -> str:
    """What is wrong with a link; empty where it answers."""
    async with places:
        try:
            response = await client.head(link.url)
            if response.status_code in NOT_FOR_HEAD:
                response = await client.get(link.url)
        except httpx.HTTPError as error:
            return f"does not answer ({type(error).__name__})"
    return f"answers {response.status_code}" if response.status_code >= GONE else ""
