"""The smallest HTTP client that will do, and that can only call this machine."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from newsletter.loopback import is_loopback_host

ANSWER_SECONDS = 30.0


class NotLoopbackError(ValueError):
    """An address outside this machine: it is never called."""


def require_loopback(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback_host(parts.hostname):
        raise NotLoopbackError(f"The stand-in only calls http:// addresses of this machine: {url}")


async def call(
    url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> int:
    """The status that `url` answers. Redirects are not followed.

    Raises NotLoopbackError, OSError (TimeoutError too), or ValueError if the answer isn't HTTP.
    """
    require_loopback(url)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {
        "Host": parts.netloc,
        "Connection": "close",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    request = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body
    async with asyncio.timeout(ANSWER_SECONDS):
        return await _exchange(parts.hostname or "", parts.port or 80, request)


async def _exchange(host: str, port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        await writer.drain()
        status_line = await reader.readline()
        await reader.read()
    finally:
        writer.close()
    if not status_line:
        raise ConnectionResetError("closed without an answer")
    return int(status_line.split()[1])
