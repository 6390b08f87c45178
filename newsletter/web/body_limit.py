"""How much a request may bring, counted while it comes in."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIMITS = (("/hooks/", 8_000_000), ("/api/", 4_000_000))
"""Bytes by the beginning of the path: SendGrid posts up to some thousand events at once."""
FORM_LIMIT = 65_536


class TooLarge(HTTPException):
    """The request is larger than anything we take there."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"That is too much: at most {limit:,} bytes are taken here.")


class BodyLimit:
    """Raises TooLarge inside the application, which answers it like its other errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = _limit(scope["path"])
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise TooLarge(limit)
            return message

        await self._app(scope, receive_counted, send)


def _limit(path: str) -> int:
    return next((limit for start, limit in LIMITS if path.startswith(start)), FORM_LIMIT)
