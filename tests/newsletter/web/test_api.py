"""The API of editors' tools."""

import json

import httpx
import pytest
from sqlmodel import select

from newsletter.accounts import audit, tokens
from newsletter.dispatch.models import Notice
from newsletter.editions.states import EditionState
from newsletter.errors import UnsafeToSend
from newsletter.publications import Publication
from newsletter.web.api.failures import answer_tool
from tests.newsletter.web.world import NOW, World, issue_yaml

EDITIONS = "/api/v1/editions"
DAY = f"{EDITIONS}/2026-11-22"


def import_day(api: httpx.Client, title: str = "A Quiet Day") -> httpx.Response:
    return api.post(EDITIONS, content=issue_yaml("2026-11-22", title))


def acts(world: World) -> list[tuple[str, str, str]]:
    with world.database.reading() as session:
        return [(one.actor, one.act, one.subject) for one in audit.recent(session)][::-1]


def test_yaml_comes_in(api: httpx.Client) -> None:
    answer = import_day(api)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["created"], body["changed"], body["voided"]) == (True, True, False)
    assert body["edition"]["name"] == "2026-11-22"
    assert body["edition"]["status"] == "draft"
    assert body["edition"]["revision"] == 1


def test_json_comes_in(api: httpx.Client) -> None:
    issue = {
        "schema": 1,
        "date": "2026-11-22",
        "title": "In JSON",
        "sections": [{"kind": "essay", "body": "Words."}],
    }
    answer = api.post(EDITIONS, json=issue)
    assert answer.status_code == 201
    assert answer.json()["edition"]["title"] == "In JSON"


def test_the_same_again_changes_nothing_and_another_makes_a_revision(api: httpx.Client) -> None:
    import_day(api)
    again = import_day(api)
    assert (again.status_code, again.json()["changed"]) == (200, False)
    other = import_day(api, "Another Title")
    assert (other.status_code, other.json()["edition"]["revision"]) == (200, 2)


def test_every_error_of_a_file_comes_at_once_and_nothing_is_stored(api: httpx.Client) -> None:
    broken = (
        "schema: 1\ndate: 2026-13-40\nsections:\n  - kind: nonsense\n"
        "  - kind: links\n    items: [{title: A, url: nowhere}]\n"
    )
    answer = api.post(EDITIONS, content=broken)
    assert answer.status_code == 422
    body = answer.json()
    assert body["error"]["code"] == "invalid_edition"
    found = {(one["line"], one["field"]) for one in body["errors"]}
    assert {(2, "date"), (4, "sections[0].kind"), (6, "sections[1].items[0].url")} <= found
    assert all(set(one) == {"file", "line", "field", "message", "code"} for one in body["errors"])
    assert api.get(EDITIONS).json() == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"{", b"[]", b"a: [", b"\x00"])
def test_what_is_no_edition_at_all_is_refused(api: httpx.Client, body: bytes) -> None:
    answer = api.post(EDITIONS, content=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_the_way_from_import_to_sending(api: httpx.Client, world: World) -> None:
    import_day(api)
    approved = api.post(f"{DAY}/approve").json()
    assert approved["edition"]["status"] == "approved"
    assert approved["edition"]["approved_by"] == "token:desk"
    assert all(one["severity"] == "warning" for one in approved["warnings"])
    sent = api.post(f"{DAY}/send").json()
    assert sent["status"] == "scheduled"
    assert sent["scheduled_at"] == "2027-01-15T08:00:00Z"
    assert acts(world) == [
        ("token:desk", "edition.import", "edition 2026-11-22"),
        ("token:desk", "edition.approve", "edition 2026-11-22"),
        ("token:desk", "edition.send", "edition 2026-11-22"),
    ]


def test_warnings_that_the_caller_accepts_are_in_the_answer(api: httpx.Client) -> None:
    source = issue_yaml("2026-11-22", "A Quiet Day").replace("topic: labs", "topic: nowhere")
    api.post(EDITIONS, content=source)
    warnings = api.post(f"{DAY}/approve").json()["warnings"]
    assert ("unknown-topic", "sections[1].topic") in {
        (one["code"], one["field"]) for one in warnings
    }


def test_a_time_is_read_in_its_zone(api: httpx.Client) -> None:
    import_day(api)
    api.post(f"{DAY}/approve")
    wanted = {"at": "2027-02-01T07:00", "zone": "Europe/Berlin", "not_after": "+6h"}
    answer = api.post(f"{DAY}/send", json=wanted).json()
    assert answer["scheduled_at"] == "2027-02-01T06:00:00Z"
    assert answer["not_after"] == "2027-02-01T12:00:00Z"
    assert answer["ambiguous"] is False


def test_a_time_that_comes_twice_is_shown(api: httpx.Client) -> None:
    import_day(api)
    api.post(f"{DAY}/approve")
    wanted = {"at": "2027-10-31T02:30", "zone": "Europe/Berlin"}
    answer = api.post(f"{DAY}/send", json=wanted).json()
    assert (answer["scheduled_at"], answer["ambiguous"]) == ("2027-10-31T00:30:00Z", True)


@pytest.mark.parametrize(
    "wanted",
    [
        {"at": "2027-03-28T02:30", "zone": "Europe/Berlin"},
        {"at": "tomorrow"},
        {"at": "2027-02-01T07:00", "zone": "Mars/Olympus"},
        {"at": "2027-02-01T07:00", "not_after": "2027-01-01T07:00"},
        {"at": "2027-01-15T07:00", "zone": "UTC"},
        {"at": "1970-01-01T00:00", "zone": "UTC"},
    ],
)
def test_a_time_that_does_not_exist_or_is_over_is_refused(
    api: httpx.Client, wanted: dict[str, str]
) -> None:
    import_day(api)
    api.post(f"{DAY}/approve")
    answer = api.post(f"{DAY}/send", json=wanted)
    assert answer.status_code == 409
    assert answer.json()["error"]["message"]
    assert api.get(DAY).json()["status"] == "approved"


def test_a_word_that_send_does_not_know_is_refused(api: httpx.Client) -> None:
    import_day(api)
    api.post(f"{DAY}/approve")
    answer = api.post(f"{DAY}/send", json={"att": "2027-02-01T07:00"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "att"
    assert api.get(DAY).json()["status"] == "approved"


def test_a_form_where_json_belongs_is_told_what_to_send(api: httpx.Client) -> None:
    import_day(api)
    answer = api.post(f"{DAY}/send", data={"at": "2027-02-01T07:00"})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["message"] == "send JSON with Content-Type: application/json"


def test_nothing_is_sent_without_approval(api: httpx.Client) -> None:
    import_day(api)
    answer = api.post(f"{DAY}/send")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "not_approved")
    assert error["message"].endswith("Send `POST /api/v1/editions/2026-11-22/approve`.")


def test_a_way_out_is_a_request_and_no_command(api: httpx.Client, world: World) -> None:
    world.edition(state=EditionState.SENDING)
    for answer in (import_day(api, "Changed"), api.get(f"{EDITIONS}/2020-01-01")):
        message = answer.json()["error"]["message"]
        assert "/api/v1/editions" in message
        assert "newsletter edition" not in message


def test_a_change_takes_the_approval_back_and_alerts(api: httpx.Client, world: World) -> None:
    import_day(api)
    api.post(f"{DAY}/approve")
    api.post(f"{DAY}/send")
    changed = import_day(api, "Changed").json()
    assert (changed["voided"], changed["edition"]["status"]) == (True, "draft")
    assert "will NOT go out" in changed["edition"]["hold_reason"]
    with world.database.reading() as session:
        [alert] = session.exec(select(Notice)).all()
    assert (alert.kind, alert.data["heading"]) == (
        "alert",
        "Edition 2026-11-22 will NOT go out as scheduled",
    )


def test_pause_and_resume(api: httpx.Client, world: World) -> None:
    world.edition(state=EditionState.SENDING)
    paused = api.post(f"{DAY}/pause", json={"reason": "a wrong figure"}).json()
    assert (paused["status"], paused["hold_reason"]) == ("paused", "a wrong figure")
    assert api.post(f"{DAY}/resume").json()["status"] == "sending"


def test_cancel_is_final(api: httpx.Client, world: World) -> None:
    world.edition(state=EditionState.PAUSED)
    answer = api.post(f"{DAY}/cancel").json()
    assert (answer["edition"]["status"], answer["withheld"]) == ("cancelled", 0)
    assert api.post(f"{DAY}/resume").status_code == 409


@pytest.mark.parametrize("act", ["pause", "resume"])
def test_what_the_state_does_not_allow_is_a_conflict(api: httpx.Client, act: str) -> None:
    import_day(api)
    answer = api.post(f"{DAY}/{act}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")


def test_progress_counts_every_state_zeros_included(api: httpx.Client) -> None:
    import_day(api)
    body = api.get(DAY).json()
    for state in ("queued", "accepted", "delivered", "bounced", "unsure", "cancelled"):
        assert body[state] == 0
    assert (body["recipients"], body["status"], body["eta_seconds"]) == (0, "draft", None)


def test_a_second_edition_is_written_date_slash_slug(api: httpx.Client) -> None:
    import_day(api)
    api.post(EDITIONS, content=issue_yaml("2026-11-22", "Extra", slug="extra"))
    assert api.get(f"{DAY}/extra").json()["name"] == "2026-11-22/extra"
    assert api.post(f"{DAY}/extra/approve").json()["edition"]["slug"] == "extra"
    assert api.get(DAY).json()["status"] == "draft"
    assert [one["name"] for one in api.get(EDITIONS).json()] == ["2026-11-22/extra", "2026-11-22"]


@pytest.mark.parametrize("name", ["2026-01-01", "nonsense", "2026-11-22/none"])
def test_an_edition_that_there_is_not_is_404(api: httpx.Client, name: str) -> None:
    for answer in (api.get(f"{EDITIONS}/{name}"), api.post(f"{EDITIONS}/{name}/approve")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_file_names_its_publication(api: httpx.Client, world: World) -> None:
    with world.database.writing() as session:
        session.add(
            Publication(slug="other", name="Other", sender="o@other.example", host="other.example")
        )
    source = "publication: other\n" + issue_yaml("2026-11-22", "Elsewhere")
    assert api.post(EDITIONS, content=source).status_code == 201
    assert api.get(EDITIONS).json() == []
    elsewhere = {"publication": "other"}
    assert api.get(DAY, params=elsewhere).json()["title"] == "Elsewhere"
    assert [one["title"] for one in api.get(EDITIONS, params=elsewhere).json()] == ["Elsewhere"]
    unknown = "publication: nobody\n" + issue_yaml("2026-11-22", "Nowhere")
    assert api.post(EDITIONS, content=unknown).status_code == 404


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nl_wrong", "Basic eDp5", "nl_x"])
def test_without_a_good_token_nobody_comes_in(
    web: httpx.Client, world: World, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for answer in (
        web.get(EDITIONS, headers=headers),
        web.get(DAY, headers=headers),
        web.post(EDITIONS, content=issue_yaml("2026-11-22", "x"), headers=headers),
        web.post(f"{DAY}/send", headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "unauthorized"
    assert acts(world) == []


def test_a_revoked_token_is_out_at_once(api: httpx.Client, world: World) -> None:
    assert api.get(EDITIONS).status_code == 200
    world.database.transact(lambda session: tokens.revoke(session, 1, now=NOW))
    assert api.get(EDITIONS).status_code == 401


def test_the_use_of_a_token_is_noted(api: httpx.Client, world: World) -> None:
    api.get(EDITIONS)
    with world.database.reading() as session:
        assert [one.last_used_at for one in tokens.list_tokens(session)] == [NOW]


def test_the_description_names_every_act(web: httpx.Client) -> None:
    described = web.get("/api/v1/openapi.json").json()
    paths = described["paths"]
    for path in ("/editions/{date}", "/editions/{date}/{slug}"):
        for act in ("approve", "send", "pause", "resume", "cancel"):
            assert "post" in paths[f"/api/v1{path}/{act}"]
    slug = paths["/api/v1/editions/{date}/{slug}"]["get"]["parameters"]
    assert {"date", "slug", "publication"} == {one["name"] for one in slug}
    assert all(path.startswith("/api/v1/") for path in paths)
    assert "HTTPBearer" in json.dumps(described["components"]["securitySchemes"])


def test_what_only_a_command_does_stays_one() -> None:
    answer = answer_tool(UnsafeToSend(("Run `newsletter init`.",)))
    assert b"Run `newsletter init`." in bytes(answer.body)
