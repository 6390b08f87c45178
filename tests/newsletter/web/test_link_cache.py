"""Links in memory: the database is asked once an edition, and again for what corrections add."""

import asyncio

import pytest

from newsletter.editions.models import EditionLink
from newsletter.web.link_cache import EDITIONS_KEPT, LinkCache
from tests.newsletter.web.world import Clock, World


def add_link(world: World, edition_id: int, number: int) -> None:
    with world.database.writing() as session:
        url = f"https://example.org/{number}"
        session.add(EditionLink(edition_id=edition_id, number=number, url=url, label="x"))


def test_a_link_that_a_correction_adds_is_found_soon(world: World) -> None:
    edition_id, clock = world.edition(), Clock()
    cache = LinkCache(world.database, clock=clock)

    async def look() -> list[str | None]:
        found = [await cache.find(edition_id, 9)]
        add_link(world, edition_id, 9)
        found.append(await cache.find(edition_id, 9))
        clock.move(5)
        return [*found, await cache.find(edition_id, 9)]

    assert asyncio.run(look()) == [None, None, "https://example.org/9"]


def test_guessed_numbers_do_not_reach_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition_id = world.edition()
    cache = LinkCache(world.database, clock=Clock())
    assert asyncio.run(cache.find(edition_id, 1)) == "https://example.org/a"

    def asked() -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(world.database, "reading", asked)
    for number in range(2, 50):
        assert asyncio.run(cache.find(edition_id, number)) is None
    assert asyncio.run(cache.find(edition_id, 1)) == "https://example.org/a"


def test_memory_is_bounded(world: World) -> None:
    cache = LinkCache(world.database, clock=Clock())

    async def visit_many() -> None:
        for edition_id in range(EDITIONS_KEPT + 5):
            await cache.find(edition_id, 1)

    asyncio.run(visit_many())
    assert len(cache._editions) == EDITIONS_KEPT
