"""The web application: what every request passes, a door for mails, then the pages.

SecurityHeaders
Door              /o/TOKEN.gif, /c/N/TOKEN
HeadRequests
SameOrigin
BodyLimit
FastAPI   public pages, /hooks, /api/v1, /healthz, /readyz
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from newsletter.database import Database
from newsletter.feedback.recorder import Recorder
from newsletter.settings import Settings
from newsletter.signup_policy import signup_policy
from newsletter.site import Site
from newsletter.web import health
from newsletter.web.api import API, editions, readers, sending, subscribers
from newsletter.web.body_limit import BodyLimit
from newsletter.web.challenge import open_challenge
from newsletter.web.door import Door
from newsletter.web.failures import handle_failures
from newsletter.web.head_requests import HeadRequests
from newsletter.web.hooks import sendgrid
from newsletter.web.house import House
from newsletter.web.link_cache import LinkCache
from newsletter.web.pages import STATIC, Pages
from newsletter.web.public import (
    archive,
    confirm,
    landing,
    look,
    my_data,
    preferences,
    subscribe,
    unsubscribe,
)
from newsletter.web.reception import Reception
from newsletter.web.same_origin import SameOrigin
from newsletter.web.security_headers import SecurityHeaders

PAGES = (landing, subscribe, confirm, unsubscribe, preferences, my_data, archive, look)
MACHINES = (health, sendgrid)
TOOLS = (editions, sending, subscribers, readers)


def create_app(
    settings: Settings, database: Database, *, now: Callable[[], float] = time.time
) -> ASGIApp:
    """Build the application. `now` gives UTC seconds.

    Opens a recorder of opens and clicks, whose thread ends with the application's lifespan.
    """
    house = _house(settings, database, now)
    recorder = Recorder(database)
    inner = HeadRequests(SameOrigin(BodyLimit(_fastapi(house, recorder)), house.pages))
    door = Door(
        inner,
        signer=house.site.signer,
        links=LinkCache(database),
        recorder=recorder,
        pages=house.pages,
        now=now,
    )
    return SecurityHeaders(door, https=settings.base_url.startswith("https://"))


def _house(settings: Settings, database: Database, now: Callable[[], float]) -> House:
    site = Site.of(settings)
    return House(
        settings,
        database,
        site,
        Pages(),
        open_challenge(settings.signup_challenge, settings.secret_key.get_secret_value()),
        Reception(database, signup_policy(settings).guard, hash_of=site.signer.keyed_hash, now=now),
        now,
    )


def _fastapi(house: House, recorder: Recorder) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(recorder.close)

    app = FastAPI(
        title="Newsletter",
        version=version("newsletter"),
        description="Editions, sign-ups and readers for editors' tools. Authorize with a token of `newsletter token`.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.house = house
    for room in (*PAGES, *MACHINES):
        app.include_router(room.router, include_in_schema=False)
    for room in TOOLS:
        app.include_router(room.router, prefix=API)
    app.mount("/static", StaticFiles(directory=str(STATIC)))
    handle_failures(app)
    return app
