"""Headers that every answer carries, unless it brought its own."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # No script anywhere; the images of an edition may stand anywhere.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' https: http: data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Addresses of pages hold readers' tokens.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TWO_YEARS = 63_072_000


class SecurityHeaders:
    """Adds them in front of an application. `https`: the public address is HTTPS (RFC 6797)."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        headers = dict(HEADERS)
        if https:
            headers["Strict-Transport-Security"] = f"max-age={TWO_YEARS}"
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                missing = [pair for pair in self._headers if pair[0] not in given]
                message = {**message, "headers": [*message["headers"], *missing]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
