"""Forms of other sites can't act here, without tokens in every form.

Browsers say where a request comes from: `Sec-Fetch-Site` (W3C Fetch Metadata), or else `Origin`.
What says neither is no browser, has no cookies of ours and so acts for nobody but itself.
"""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.web.pages import Pages, Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OUR_SITES = frozenset({"same-origin", "none"})
EXEMPT = re.compile(
    r"/hooks/[a-z]+"  # signed by the provider
    r"|/unsubscribe/[^/]+"  # one click in a mail program (RFC 8058)
    r"|/subscribe"  # a form embedded in somebody's own site
)

REFUSED = Problem(
    403,
    "That came from another site",
    "For safety, this form works only from its own page. Nothing was changed.",
)


class SameOrigin:
    """Refuses what another site's page asks for, with 403."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _may_pass(scope):
            await self._app(scope, receive, send)
            return
        await self._pages.problem(None, REFUSED)(scope, receive, send)


def _may_pass(scope: Scope) -> bool:
    if scope["method"] in SAFE_METHODS or EXEMPT.fullmatch(scope["path"]):
        return True
    headers = Headers(scope=scope)
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in OUR_SITES
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
