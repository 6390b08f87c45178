"""What editors' tools see of a reader: only with a token for it, and never unnoticed."""

from functools import partial
from typing import Any

import httpx
import pytest

from newsletter.accounts import audit, tokens
from newsletter.accounts.models import Scope
from newsletter.privacy.erasure import erase_person
from subscribers import history
from subscribers.consent import Agreement
from tests.newsletter.web.world import NOW, World

FIND = "/api/v1/subscribers/find"


@pytest.fixture
def api(web: httpx.Client, world: World) -> httpx.Client:
    """A client whose token is for readers and nothing else."""
    made = world.database.transact(
        lambda session: tokens.create(session, name="crm", now=NOW, scopes=[Scope.READERS])
    )
    web.headers["Authorization"] = f"Bearer {made.text}"
    return web


def timeline(api: httpx.Client, reader: int, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/api/v1/subscribers/{reader}/timeline", params=query)
    answer.raise_for_status()
    body = answer.json()
    assert isinstance(body, dict)
    return body


def note(world: World, reader: int, *lines: str, at: float = NOW) -> None:
    with world.database.writing() as session:
        for line in lines:
            history.note(session, reader, world.publication_id, line, now=at, source="test")


def test_a_reader_is_found_by_address_with_their_consent(api: httpx.Client, world: World) -> None:
    ada = world.reader("ada@example.org")
    found = api.post(FIND, json={"email": "Ada@Example.ORG"}).json()
    assert (found["id"], found["email"], found["created_at"]) == (
        ada, "ada@example.org", "2027-01-14T08:00:00Z",
    )  # fmt: skip
    [subscription] = found["subscriptions"]
    assert (subscription["publication"], subscription["state"]) == ("inference", "active")
    [consent] = [one for one in found["consent"] if one["kind"] == "mail"]
    assert consent["granted"]
    assert consent["source"] == "form"
    assert found["suppressions"] == []


def test_a_timeline_is_told_newest_first(api: httpx.Client, world: World) -> None:
    ada = world.reader()
    note(world, ada, "muted labs")
    events = timeline(api, ada)["events"]
    assert events[0] == {
        "at": "2027-01-15T08:00:00Z",
        "what": "muted labs",
        "publication": "inference",
        "source": "test",
        "note": "",
    }
    assert events[-1]["what"] == "first known"
    assert events == sorted(events, key=lambda one: one["at"], reverse=True)


def test_pages_tell_everything_once_though_more_happens_meanwhile(
    api: httpx.Client, world: World
) -> None:
    ada = world.reader()
    note(world, ada, *(f"line {number}" for number in range(7)))
    whole = [one["what"] for one in timeline(api, ada)["events"]]
    told, page = [], timeline(api, ada, limit=3)
    while page["next"]:
        told += page["events"]
        note(world, ada, "meanwhile, at the same time")
        note(world, ada, "meanwhile, later", at=NOW + len(told))
        page = timeline(api, ada, limit=3, before=page["next"])
    told += page["events"]
    assert [one["what"] for one in told] == whole


def test_who_looked_stands_in_the_audit_log(api: httpx.Client, world: World) -> None:
    ada = world.reader()
    api.post(FIND, json={"email": "ada@example.org"})
    timeline(api, ada)
    with world.database.reading() as session:
        looks = [(one.actor, one.act, one.subject) for one in audit.recent(session)]
    assert looks == [("token:crm", "subscriber.look", f"subscriber {ada}")] * 2


def test_a_token_for_something_else_sees_nobody(web: httpx.Client, world: World) -> None:
    ada = world.reader()
    for scopes in ([Scope.EDITIONS], [Scope.SIGNUPS], tokens.USUAL_SCOPES):
        create = partial(tokens.create, name="robot", now=NOW, scopes=scopes)
        headers = {"Authorization": f"Bearer {world.database.transact(create).text}"}
        for answer in (
            web.post(FIND, json={"email": "ada@example.org"}, headers=headers),
            web.get(f"/api/v1/subscribers/{ada}/timeline", headers=headers),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
            assert "--scope readers" in answer.json()["error"]["message"]
            assert "insufficient_scope" in answer.headers["www-authenticate"]


def test_a_token_for_readers_does_nothing_else(api: httpx.Client) -> None:
    for answer in (
        api.get("/api/v1/editions"),
        api.post("/api/v1/editions/2026-11-22/send"),
        api.post("/api/v1/subscribers", json={"email": "ada@example.org"}),
    ):
        assert answer.status_code == 403


def test_without_a_token_nobody_is_seen(web: httpx.Client, world: World) -> None:
    ada = world.reader()
    assert web.post(FIND, json={"email": "ada@example.org"}).status_code == 401
    assert web.get(f"/api/v1/subscribers/{ada}/timeline").status_code == 401


def test_who_was_erased_is_known_no_more(api: httpx.Client, world: World) -> None:
    ada = world.reader()
    world.database.transact(
        lambda session: erase_person(
            session, ada, Agreement("editor"), by="test",
            hash_of=world.site.signer.keyed_hash, now=NOW,
        )
    )  # fmt: skip
    assert api.get(f"/api/v1/subscribers/{ada}/timeline").status_code == 404
    assert api.post(FIND, json={"email": "ada@example.org"}).status_code == 404


def test_what_there_is_not_is_told(api: httpx.Client, world: World) -> None:
    world.reader()
    for path, status in {
        "999/timeline": 404,
        "0/timeline": 422,
        "x/timeline": 422,
        "99999999999999999999999/timeline": 422,
        "1/timeline?before=nonsense": 404,
        "1/timeline?before=nan-0": 200,
        "1/timeline?before=5.0-99": 200,
        "1/timeline?limit=0": 422,
        "1/timeline?limit=501": 422,
    }.items():
        assert api.get(f"/api/v1/subscribers/{path}").status_code == status, path


def test_no_address_is_no_address(api: httpx.Client) -> None:
    answer = api.post(FIND, json={"email": "nobody"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_address")
