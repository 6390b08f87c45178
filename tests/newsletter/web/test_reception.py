"""Sign-ups that come at once: one transaction for all, an answer for each."""

import asyncio
from collections.abc import Sequence

from sqlmodel import col, select

from newsletter.errors import NotFound
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


def take_at_once(
    world: World, sign_ups: Sequence[SignUp]
) -> tuple[list[Publication | BaseException], int]:
    """What each is answered, and how many times the clock was read: once a transaction."""
    readings = 0

    def now() -> float:
        nonlocal readings
        readings += 1
        return world.clock()

    reception = Reception(
        world.database, GuardPolicy(), hash_of=world.site.signer.keyed_hash, now=now
    )

    async def crowd() -> list[Publication | BaseException]:
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
