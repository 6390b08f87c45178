"""What every request needs, made once: settings, database, links, pages and the clock."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlmodel import Session

from newsletter.database import Database
from newsletter.publications import Publication, publication_for_host
from newsletter.settings import Settings
from newsletter.site import Site
from newsletter.web.challenge import Challenge
from newsletter.web.pages import Pages
from newsletter.web.reception import Reception


@dataclass(frozen=True)
class House:
    """The application's own things.

    Endpoints open their sessions themselves, in one block, and commit before they answer. A session that came by `Depends` would be opened in one thread of the pool and committed in
    another: with every thread waiting for the database, nobody could commit.
    """

    settings: Settings
    database: Database
    site: Site
    pages: Pages
    challenge: Challenge
    reception: Reception
    now: Callable[[], float]

    def publication(self, session: Session, request: Request) -> Publication:
        """The publication that the Host header picks."""
        return publication_for_host(session, request.headers.get("host", ""))

    def consent_ip(self, request: Request) -> str:
        """The network address to keep with a consent; empty where the policy keeps none."""
        return client_ip(request) if self.settings.keep_consent_ips else ""


def house_of(request: Request) -> House:
    return cast("House", request.app.state.house)


async def _here(request: Request) -> House:
    return house_of(request)  # asynchronous: FastAPI would send anything else to a thread


Here = Annotated[House, Depends(_here)]


def client_ip(request: Request) -> str:
    """The network address that asks; empty where there is none (a Unix socket)."""
    return network_address(request.client.host if request.client else "")


def network_address(text: str) -> str:
    """A network address in its usual form; empty for what is none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
