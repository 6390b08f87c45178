"""Sign-ups that come at once: one transaction for all, an answer for each."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from newsletter.errors import DatabaseError, NotFound
from newsletter.publications import Publication
from newsletter.web.public.wishes import Wishes
from newsletter.web.reception import AT_ONCE, Reception, SignUp
from subscribers import signup
from subscribers.addresses import parse
from subscribers.guard import GuardPolicy
from subscribers.models import Subscriber
from tests.newsletter.web.world import World


def sign_up(email: str, host: str = "news.example") -> SignUp:
    """A sign-up from nowhere in particular, without a wish."""
    return SignUp(host, signup.Request(email, "form"), parse(email), lambda _: Wishes())


def open_reception(world: World, now: Callable[[], float]) -> Reception:
    return Reception(world.database, GuardPolicy(), hash_of=world.site.signer.keyed_hash, now=now)


def take_at_once(
    world: World, sign_ups: Sequence[SignUp]
) -> tuple[list[Publication | BaseException], int]:
    """What each is answered, and how many times the clock was read: once a transaction."""
    readings = 0

    def now() -> float:
        nonlocal readings
        readings += 1
        return world.clock()

    reception = open_reception(world, now)

    async def crowd() -> list[Publication | BaseException]:
        async with asyncio.timeout(30):
            return await asyncio.gather(*map(reception.take, sign_ups), return_exceptions=True)

    return asyncio.run(crowd()), readings


def stored(world: World) -> list[str | None]:
    with world.database.reading() as session:
        return list(session.exec(select(Subscriber.email_key).order_by(col(Subscriber.id))))


def name_hosts(world: World) -> None:
    """Two publications with a host each, and none for any other host."""
    with world.database.writing() as session:
        only = session.get_one(Publication, world.publication_id)
        only.host = "one.example"
        session.add(only)
        session.add(Publication(slug="two", name="Two", sender="t@two.example", host="two.example"))


def test_who_comes_at_once_is_stored_at_once(world: World) -> None:
    crowd = [sign_up(f"reader{number}@example.org") for number in range(AT_ONCE + 1)]

    answers, transactions = take_at_once(world, crowd)

    assert {one.slug for one in answers if isinstance(one, Publication)} == {"inference"}
    assert len(answers) == len(stored(world)) == len(world.notices()) == AT_ONCE + 1
    assert transactions == 2


def test_one_address_twice_at_once_is_one_reader_with_one_mail(world: World) -> None:
    take_at_once(world, [sign_up("Ada@example.org"), sign_up("ada@example.org")])

    assert stored(world) == ["ada@example.org"]
    assert [notice.email for notice in world.notices()] == ["Ada@example.org"]


def test_a_host_that_is_nobodys_costs_the_others_nothing(world: World) -> None:
    name_hosts(world)

    answers, transactions = take_at_once(
        world,
        [
            sign_up("ada@example.org", "one.example"),
            sign_up("bob@example.org", "neither.example"),
            sign_up("eve@example.org", "two.example"),
        ],
    )

    one, neither, two = answers
    assert isinstance(neither, NotFound)
    assert [one.slug, two.slug] == ["inference", "two"]  # type: ignore[union-attr]
    assert stored(world) == ["ada@example.org", "eve@example.org"]
    assert transactions == 1


def test_who_comes_by_a_host_that_is_nobodys_is_told_also_alone(world: World) -> None:
    name_hosts(world)

    (answer,), _ = take_at_once(world, [sign_up("bob@example.org", "neither.example")])

    assert isinstance(answer, NotFound)
    assert stored(world) == []


def test_who_fails_after_others_are_written_fails_alone(world: World) -> None:
    def fail(_: Publication) -> Wishes:
        raise LookupError("no such wish")

    bob = replace(sign_up("bob@example.org"), wishes=fail)
    answers, transactions = take_at_once(
        world, [sign_up("ada@example.org"), bob, sign_up("eve@example.org")]
    )

    assert [type(answer) for answer in answers] == [Publication, LookupError, Publication]
    assert stored(world) == ["ada@example.org", "eve@example.org"]
    assert len(world.notices()) == 2
    assert transactions == 4


def test_while_the_database_is_away_all_are_told_so_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def away(*_: Any, **__: Any) -> None:
        tried.append("once")
        raise DatabaseError("away")

    monkeypatch.setattr(world.database, "transact", away)
    answers, _ = take_at_once(world, [sign_up("ada@example.org"), sign_up("eve@example.org")])

    assert [type(answer) for answer in answers] == [DatabaseError, DatabaseError]
    assert tried == ["once"]


def test_nobody_is_answered_before_it_is_committed(world: World) -> None:
    answered_at_commit: list[bool] = []

    async def crowd() -> None:
        loop = asyncio.get_running_loop()
        reception = open_reception(world, world.clock)
        people = [
            asyncio.create_task(reception.take(sign_up(f"{name}@example.org")))
            for name in ("ada", "eve")
        ]

        async def look() -> None:
            for _ in range(5):  # the loop's turns, in which an answer would reach who asked
                await asyncio.sleep(0)
            answered_at_commit.extend(person.done() for person in people)

        def about_to_commit(_: object) -> None:
            asyncio.run_coroutine_threadsafe(look(), loop).result(timeout=30)

        event.listen(world.database.engine, "commit", about_to_commit)
        try:
            await asyncio.gather(*people)
        finally:
            event.remove(world.database.engine, "commit", about_to_commit)

    asyncio.run(crowd())

    assert answered_at_commit == [False, False]


def test_who_is_gone_meanwhile_keeps_nobody_from_an_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = world.database.transact

    async def crowd() -> Publication:
        loop = asyncio.get_running_loop()
        reception = open_reception(world, world.clock)
        gone, stays = (
            asyncio.create_task(reception.take(sign_up(f"{name}@example.org")))
            for name in ("ada", "eve")
        )

        async def leave() -> None:
            gone.cancel()
            await asyncio.wait([gone])

        def transact_while_one_leaves(work: Callable[[Any], Any]) -> Any:
            asyncio.run_coroutine_threadsafe(leave(), loop).result(timeout=30)
            return transact(work)

        monkeypatch.setattr(world.database, "transact", transact_while_one_leaves)
        async with asyncio.timeout(30):
            return await stays

    assert asyncio.run(crowd()).slug == "inference"
    assert stored(world) == ["ada@example.org", "eve@example.org"]
