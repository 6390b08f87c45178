"""`/o/TOKEN.gif` and `/c/N/TOKEN`, as plain ASGI in front of the application.

Every mail that is opened asks here, all at once after a send: FastAPI's routing would cost three
times as much, and a database on this path would make readers wait. What is kept of a hit depends
on the reader's consent and is decided later (`newsletter.feedback`); the answer is the same.
"""

import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from sqlalchemy.exc import OperationalError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.errors import TokenError
from newsletter.feedback.verdict import HitKind
from newsletter.tokens import Purpose, Signer
from newsletter.web.link_cache import LinkCache
from newsletter.web.pages import BUSY, Pages, Problem
from newsletter.web.public.visitor import NOBODY

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent GIF of one pixel."""
NEVER_STORED = {"Cache-Control": "no-store, no-cache, private, max-age=0"}
OPEN_PATH = re.compile(r"/o/([\w-]+)\.gif", re.ASCII)
CLICK_PATH = re.compile(r"/c/([1-9][0-9]{0,5})/([\w-]+)", re.ASCII)
READING = frozenset({"GET", "HEAD"})
AS_WRITTEN = "%/:?#[]@!$&'()*+,;=~"
"""Signs of a URL (RFC 3986 §2) that stay as they are in a Location header."""

UNKNOWN = Problem(
    404, "This link leads nowhere", "Perhaps a mail program cut it: please copy the whole link."
)


class Recorder(Protocol):
    """Takes hits without waiting (`newsletter.feedback.recorder`)."""

    def hit(
        self,
        kind: HitKind,
        edition_id: int,
        subscriber_id: int | None,
        link: int | None,
        *,
        at: float,
        method: str,
        user_agent: str,
    ) -> None: ...


class Door:
    """Serves pixels and links; everything else goes on to the application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        signer: Signer,
        links: LinkCache,
        recorder: Recorder,
        pages: Pages,
        now: Callable[[], float],
    ) -> None:
        self._app = app
        self._signer = signer
        self._links = links
        self._recorder = recorder
        self._pages = pages
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in READING:
            if opened := OPEN_PATH.fullmatch(scope["path"]):
                await self._open(scope, opened[1])(scope, receive, send)
                return
            if clicked := CLICK_PATH.fullmatch(scope["path"]):
                answer = await self._click(scope, int(clicked[1]), clicked[2])
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _open(self, scope: Scope, token: str) -> Response:
        """The pixel, whatever the token: a broken picture would only trouble the reader."""
        whose = self._read(token)
        if whose is not None:
            self._record(scope, HitKind.OPEN, whose, None)
        return Response(PIXEL, media_type="image/gif", headers=NEVER_STORED)

    async def _click(self, scope: Scope, number: int, token: str) -> Response:
        """A redirect to what the edition has under this number, and nowhere else."""
        whose = self._read(token)
        try:
            url = None if whose is None else await self._links.find(whose[0], number)
        except OperationalError:
            return self._pages.problem(None, BUSY)
        if whose is None or url is None:
            return self._pages.problem(None, UNKNOWN)
        self._record(scope, HitKind.CLICK, whose, number)
        location = quote(url, safe=AS_WRITTEN)
        return Response(status_code=302, headers={"Location": location, **NEVER_STORED})

    def _read(self, token: str) -> tuple[int, int | None] | None:
        """The edition and, where their mail is linked to them, the reader."""
        try:
            edition_id, subscriber_id = self._signer.read(Purpose.DELIVERY, token)
        except TokenError:
            return self._read_counted(token)
        return edition_id, subscriber_id

    def _read_counted(self, token: str) -> tuple[int, None] | None:
        try:
            return self._signer.read(Purpose.EDITION, token)[0], None
        except TokenError:
            return None

    def _record(
        self, scope: Scope, kind: HitKind, whose: tuple[int, int | None], link: int | None
    ) -> None:
        edition_id, subscriber_id = whose
        if subscriber_id == NOBODY:
            return  # a test mail is nobody's
        agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
        self._recorder.hit(
            kind,
            edition_id,
            subscriber_id,
            link,
            at=self._now(),
            method=scope["method"],
            user_agent=agent.decode("latin-1"),
        )
