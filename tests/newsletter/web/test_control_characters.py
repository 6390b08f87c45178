"""Characters that PostgreSQL can't store, or a terminal obeys, at every door; on both databases."""

import httpx
import pytest

from newsletter.editions.states import EditionState
from tests.newsletter.web.world import World


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.mark.parametrize("slug", ["%00", "extra%00", "%1b"])
def test_a_slug_with_control_characters_names_nothing(
    web: httpx.Client, world: World, slug: str
) -> None:
    world.edition()
    for path in (f"/archive/2026-11-22/{slug}", f"/archive/2026-11-22/{slug}/email"):
        assert web.get(path).status_code == 404


def test_an_unsubscribers_words_are_kept_without_them(web: httpx.Client, world: World) -> None:
    reader = world.reader()
    path = f"/unsubscribe/{world.delivery_token(world.edition(), reader)}"
    web.post(path)
    answer = web.post(f"{path}/reason", data={"reason": "too-often", "note": "twice\0 a\x1b day"})
    assert "Thank you" in answer.text
    assert world.subscription(reader).end_reason == "too-often: twice a day"


def test_a_reason_to_pause_is_kept_without_them(api: httpx.Client, world: World) -> None:
    world.edition(state=EditionState.SENDING)
    answer = api.post("/api/v1/editions/2026-11-22/pause", json={"reason": "a wrong\0 figure"})
    assert answer.json()["hold_reason"] == "a wrong figure"
