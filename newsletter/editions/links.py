"""An edition's numbered links: what `/c/N/TOKEN` leads to, in every revision and variant."""

from collections.abc import Iterable

from sqlmodel import Session, select

from emails.composition import TrackedLink
from newsletter.editions.models import EditionLink


def known_numbers(session: Session, edition_id: int) -> dict[str, int]:
    """URL -> number, for the composer."""
    rows = session.exec(
        select(EditionLink.url, EditionLink.number).where(EditionLink.edition_id == edition_id)
    )
    return {url: number for url, number in rows}  # noqa: C416 - rows are not pairs to mypy


def store_links(session: Session, edition_id: int, links: Iterable[TrackedLink]) -> None:
    """Add the links that are new to the edition; a number, once mailed, is never given again."""
    numbers = known_numbers(session, edition_id)
    following = max(numbers.values(), default=0) + 1
    for link in links:
        if link.url in numbers:
            continue
        numbers[link.url] = following
        session.add(
            EditionLink(edition_id=edition_id, number=following, url=link.url, label=link.label)
        )
        following += 1
    session.flush()
