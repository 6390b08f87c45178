"""The stand-in's ASGI application: SendGrid's API, and a door to look and to meddle at /standin."""

import asyncio
import contextlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from newsletter.sandbox.standin.agenda import Agenda
from newsletter.sandbox.standin.fate import EVENTS, fate_of
from newsletter.sandbox.standin.faults import Fault, Faults
from newsletter.sandbox.standin.journal import Entry, Journal
from newsletter.sandbox.standin.limits import MOST_BYTES, error, violations
from newsletter.sandbox.standin.mailroom import Mail, Mailroom, mails_of
from newsletter.sandbox.standin.options import StandInOptions, fraction
from newsletter.sandbox.standin.readers import Readers
from newsletter.sandbox.standin.webhook import EventSigner, Outbox

BAD_KEY = error("The provided authorization grant is invalid, expired, or revoked")
TOO_MANY = error("too many requests")
SCOPES = ["mail.send", "sandbox_mode.enabled"]
EVENT_PAUSE = 1.0
PAGE = 50
MOST_A_PAGE = 500


class StandInApp:
    """The handlers and what they share."""

    def __init__(self, options: StandInOptions, *, journal: Journal) -> None:
        self._options = options
        self._journal = journal
        self._mailroom = Mailroom(options.kept)
        self._faults = Faults()
        self._signer = EventSigner()
        self._agenda = Agenda()
        self._visits = Agenda()
        self._readers = Readers(options, self._visits)
        self._outbox = Outbox(options.webhook_url, self._signer) if options.webhook_url else None
        self.public_key = self._signer.public_key

    def asgi(self) -> Starlette:
        return Starlette(
            lifespan=self._lifespan,
            routes=[
                Route("/v3/mail/send", self.mail_send, methods=["POST"]),
                Route("/v3/scopes", self.scopes),
                Route("/standin/stats", self.stats),
                Route("/standin/mails", self.mails),
                Route("/standin/mails/{id}", self.mail),
                Route("/standin/public-key", self.key),
                Route("/standin/faults", self.order_fault, methods=["POST"]),
                Route("/standin/faults", self.clear_faults, methods=["DELETE"]),
                Route("/standin/delay", self.set_delay, methods=["POST"]),
                Route("/standin/events", self.hold_events, methods=["POST"]),
            ],
        )

    async def mail_send(self, request: Request) -> Response:
        """`POST /v3/mail/send`: the fault that is due, else 202, 200 in sandbox mode, or 4xx."""
        await asyncio.sleep(self._faults.delay)
        body = await request.body()
        fault = self._faults.take()
        if fault is None:
            return self._answer(request, body)
        if fault.taken:
            self._answer(request, body)
        with self._faults.holding():
            return await _misbehave(fault, request)

    def _answer(self, request: Request, body: bytes) -> Response:
        if not self._is_authorized(request):
            return _errors(401, [BAD_KEY])
        if len(body) > MOST_BYTES:
            return _errors(413, [error("The request is larger than 30 MB.")])
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _errors(400, [error("Bad Request")])
        broken = violations(message)
        if broken:
            return _errors(400, broken)
        if _is_sandboxed(message):
            return Response(status_code=200)
        return self._take(message)

    def _take(self, message: dict[str, Any]) -> Response:
        request = secrets.token_urlsafe(16).replace(".", "-")
        now = time.time()
        mails = mails_of(message, request, now)
        self._journal.add(_entry(mail) for mail in mails)
        self._mailroom.add(mails)
        if self._outbox is not None:
            for mail in mails:
                self._plan(mail, self._outbox)
        return Response(status_code=202, headers={"X-Message-Id": request})

    def _plan(self, mail: Mail, outbox: Outbox) -> None:
        """Put the mail's events on the agenda, and its reading after the delivery."""
        seed, shares = self._options.seed, self._options.shares
        fate = fate_of(mail.email, seed=seed, shares=shares)
        due = mail.at + fraction(seed, "delivery", mail.email) * self._options.delivery_seconds
        for number, what in enumerate(EVENTS[fate]):
            event_id = f"{mail.id}.{number}"
            event: dict[str, Any] = {
                "email": mail.email,
                "timestamp": int(due),
                "smtp-id": mail.headers.get("Message-ID", f"<{mail.id}@standin.example>"),
                "sg_event_id": event_id,
                "sg_message_id": f"{mail.id}.recvd-{number}",
                **mail.arguments,
                **what,
            }
            self._agenda.add(due, partial(outbox.add, event))
            if fraction(seed, "twice", event_id) < shares.duplicate_events:
                self._agenda.add(due + EVENT_PAUSE, partial(outbox.add, event))
            if what["event"] == "delivered":
                self._readers.received(mail, due)
            due += EVENT_PAUSE

    async def scopes(self, request: Request) -> Response:
        if not self._is_authorized(request):
            return _errors(401, [BAD_KEY])
        return JSONResponse({"scopes": SCOPES})

    async def stats(self, _: Request) -> Response:
        outbox = self._outbox
        return JSONResponse(
            {
                "received": self._journal.received,
                "unique": self._journal.unique,
                "twice": self._journal.twice,
                "events_sent": outbox.sent if outbox else 0,
                "events_waiting": outbox.waiting if outbox else 0,
                "events_planned": len(self._agenda),
                "posts_refused": outbox.refused_posts if outbox else 0,
                "held": self._faults.held,
                "planned": len(self._agenda) + len(self._visits),
                "visits": self._readers.visited,
                "visits_waiting": self._readers.waiting,
                "visits_failed": self._readers.failed,
            }
        )

    async def mails(self, request: Request) -> Response:
        """`?q=words&offset=0&limit=50`, newest first."""
        try:
            offset = max(int(request.query_params.get("offset", 0)), 0)
            limit = min(int(request.query_params.get("limit", PAGE)), MOST_A_PAGE)
        except ValueError:
            return _errors(400, [error("offset and limit are numbers")])
        found = list(self._mailroom.find(request.query_params.get("q", "")))
        shown = [mail.summary() for mail in found[offset : offset + limit]]
        return JSONResponse({"total": len(found), "mails": shown})

    async def mail(self, request: Request) -> Response:
        mail = self._mailroom.get(request.path_params["id"])
        if mail is None:
            return _errors(404, [error("no such mail")])
        return JSONResponse(mail.whole())

    async def key(self, _: Request) -> Response:
        return PlainTextResponse(self.public_key)

    async def order_fault(self, request: Request) -> Response:
        try:
            self._faults.order(await request.json())
        except (TypeError, ValueError) as problem:
            return _errors(400, [error(str(problem))])
        return Response(status_code=204)

    async def clear_faults(self, _: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def set_delay(self, request: Request) -> Response:
        """`{"seconds": 0.5}` before every answer from now on."""
        self._faults.delay = float((await request.json())["seconds"])
        return Response(status_code=204)

    async def hold_events(self, request: Request) -> Response:
        """`{"held": true}` keeps events back, as a webhook does that lags; false lets them go."""
        if self._outbox is not None:
            self._outbox.hold(held=bool((await request.json())["held"]))
        return Response(status_code=204)

    def _is_authorized(self, request: Request) -> bool:
        expected = f"Bearer {self._options.api_key}"
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), expected.encode())

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        duties = [self._agenda.run(), self._visits.run(), self._readers.run()]
        if self._outbox is not None:
            duties.append(self._outbox.run())
        tasks = [asyncio.create_task(duty) for duty in duties]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _misbehave(fault: Fault, request: Request) -> Response:
    if fault.kind == "status":
        headers = {"X-RateLimit-Reset": str(int(time.time() + fault.seconds))}
        words = TOO_MANY if fault.status == 429 else error("internal error")  # noqa: PLR2004
        return _errors(fault.status, [words], headers)
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
    request.state.transport.abort()
    await asyncio.sleep(0.01)  # until the loop has told uvicorn, which then drops the answer
    return Response(status_code=500)


def _errors(
    status: int, errors: list[dict[str, str | None]], headers: dict[str, str] | None = None
) -> Response:
    return JSONResponse({"errors": errors}, status_code=status, headers=headers)


def _is_sandboxed(message: dict[str, Any]) -> bool:
    settings = message.get("mail_settings") or {}
    return bool((settings.get("sandbox_mode") or {}).get("enable"))


def _entry(mail: Mail) -> Entry:
    return Entry(
        email=mail.email,
        delivery=mail.arguments.get("nl_delivery", ""),
        edition=mail.arguments.get("nl_edition", ""),
        batch=mail.arguments.get("nl_batch", ""),
        message_id=mail.own_headers.get("Message-ID", ""),
        at=mail.at,
    )
