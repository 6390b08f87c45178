"""Posts events as SendGrid's signed event webhook does: in batches, some twice, until it gets 2xx.

The signature is ECDSA (P-256, SHA-256) over timestamp and body without anything between them,
base64 of its DER form; the body is a JSON array that ends in CRLF.
"""

import asyncio
import base64
import time
from collections import deque
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.sandbox.standin.loopback_http import call, require_loopback

MOST_EVENTS = 500
GATHER_SECONDS = 0.2
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
HTTP_ERRORS = 300

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"


class EventSigner:
    """A key pair of its own; `public_key` is base64 DER, as SendGrid shows it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(der).decode()

    def headers(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "SendGrid Event API",
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
            TIMESTAMP_HEADER: timestamp,
        }


class Outbox:
    """Events on their way to the webhook."""

    def __init__(self, url: str, signer: EventSigner) -> None:
        require_loopback(url)
        self._url = url
        self._signer = signer
        self._events: deque[dict[str, Any]] = deque()
        self._in_hand = 0
        self._filled = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self.sent = 0
        self.refused_posts = 0

    @property
    def waiting(self) -> int:
        return len(self._events) + self._in_hand

    def add(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        self._filled.set()

    def hold(self, *, held: bool) -> None:
        """Keep events back until told otherwise."""
        if held:
            self._open.clear()
        else:
            self._open.set()

    async def run(self) -> None:
        while True:
            await self._filled.wait()
            await self._open.wait()
            await asyncio.sleep(GATHER_SECONDS)
            while self._events and self._open.is_set():
                batch = [self._events.popleft() for _ in range(min(MOST_EVENTS, len(self._events)))]
                self._in_hand = len(batch)
                await self._deliver(orjson.dumps(batch) + b"\r\n")
                self.sent += len(batch)
                self._in_hand = 0
            if not self._events:
                self._filled.clear()

    async def _deliver(self, body: bytes) -> None:
        """Post until it is taken, with growing pauses; signed anew each time."""
        pause = FIRST_PAUSE
        while not await self._is_taken(body):
            self.refused_posts += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _is_taken(self, body: bytes) -> bool:
        headers = self._signer.headers(body)
        try:
            status = await call(self._url, method="POST", headers=headers, body=body)
        except (OSError, ValueError):
            return False
        return status < HTTP_ERRORS
