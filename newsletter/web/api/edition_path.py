"""Naming an edition in an address: DATE, or DATE/SLUG for a second one on a date."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlmodel import Session

from newsletter.editions.library import find_edition
from newsletter.editions.models import Edition
from newsletter.publications import Publication, find_publication
from newsletter.web.house import House

Slug = Annotated[str, Path(description="Names a second edition on a date.")]


class EditionPath:
    """What the address says: an edition's name, and perhaps its publication's slug."""

    def __init__(
        self,
        request: Request,
        date: Annotated[str, Path(description="The edition's date, such as 2026-11-22.")],
        publication: Annotated[
            str | None, Query(description="Its publication's slug; else the Host header says it.")
        ] = None,
    ) -> None:
        slug = request.path_params.get("slug")
        self.name = f"{date}/{slug}" if slug else date
        self._slug = publication
        self._request = request

    def publication(self, session: Session, house: House) -> Publication:
        """Find the publication; raises NotFound."""
        if self._slug is not None:
            return find_publication(session, self._slug)
        return house.publication(session, self._request)

    def find(self, session: Session, house: House, *, lock: bool) -> tuple[Publication, Edition]:
        """Find the edition, locked if it is to be changed; raises NotFound."""
        publication = self.publication(session, house)
        return publication, find_edition(session, publication.key, self.name, lock=lock)


At = Annotated[EditionPath, Depends()]


def slug_in_path(slug: Slug) -> str:
    """Describe the slug where the address has one."""
    return slug


def at_both_addresses(router: APIRouter) -> APIRouter:
    """Serve a router's routes at /editions/DATE… and at /editions/DATE/SLUG…."""
    both = APIRouter()
    both.include_router(router, prefix="/editions/{date}")
    both.include_router(
        router, prefix="/editions/{date}/{slug}", dependencies=[Depends(slug_in_path)]
    )
    return both
