"""What every answer carries, and what is turned away before it reaches a page."""

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from newsletter.web.app import create_app
from newsletter.web.serving import serving
from tests.newsletter.web.world import World

PATHS = [
    "/",
    "/subscribe",
    "/archive",
    "/archive/feed.xml",
    "/static/site.css",
    "/brand.css",
    "/favicon.svg",
    "/nothing",
    "/o/x.gif",
    "/c/1/x",
    "/healthz",
    "/api/v1/editions",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded_and_sets_no_cookie(web: httpx.Client, path: str) -> None:
    headers = web.get(path).headers
    [policy] = headers.get_list("content-security-policy")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in headers
    assert "set-cookie" not in headers
    assert "server" not in headers


def test_https_is_made_to_stay(world: World) -> None:
    settings = world.settings.model_copy(update={"base_url": "https://news.example"})
    app = create_app(settings, world.database)
    with serving(lambda _: app) as address:
        assert "max-age=" in httpx.get(address).headers["strict-transport-security"]


def test_no_page_has_a_script_or_a_style_of_its_own(web: httpx.Client, world: World) -> None:
    world.edition()
    token = world.delivery_token(1, world.reader())
    paths = ["/archive/2026-11-22", f"/preferences/{token}", f"/unsubscribe/{token}"]
    for path in [*PATHS, *paths]:
        page = web.get(path).text.lower()
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert "javascript:" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "{here}"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_form_is_refused(
    web: httpx.Client, world: World, headers: dict[str, str]
) -> None:
    sent = {name: value.format(here=web.base_url) for name, value in headers.items()}
    for path in ("/confirm/x", "/preferences/x", "/unsubscribe/x/undo", "/api/v1/editions"):
        answer = web.post(path, headers=sent)
        assert answer.status_code == 403
        assert "another site" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "{here}"}, {}],
)
def test_our_own_form_passes(web: httpx.Client, headers: dict[str, str]) -> None:
    here = str(web.base_url).rstrip("/")
    sent = {name: value.format(here=here) for name, value in headers.items()}
    assert "another site" not in web.post("/confirm/x", headers=sent).text


@pytest.mark.parametrize("path", ["/subscribe", "/unsubscribe/x", "/hooks/sendgrid"])
def test_what_others_must_be_able_to_post_passes(web: httpx.Client, path: str) -> None:
    answer = web.post(path, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://a.example"})
    assert "another site" not in answer.text


@pytest.mark.parametrize(("path", "size"), [("/subscribe", 70_000), ("/hooks/sendgrid", 9_000_000)])
def test_a_body_out_of_all_proportion_is_refused(web: httpx.Client, path: str, size: int) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert web.post(path, content=b"x" * size, headers=form).status_code == 413


def test_an_unknown_address_and_method_get_friendly_pages(web: httpx.Client) -> None:
    for answer in (web.get("/nothing"), web.delete("/subscribe"), web.get("/static/none.css")):
        assert answer.status_code in {404, 405}
        assert "The Inference Ledger" in answer.text
        assert "Nothing here" in answer.text


def test_the_documentation_pages_of_others_are_not_served(web: httpx.Client) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert web.get(path).status_code == 404


def away() -> None:
    raise OperationalError("SELECT 1", {}, Exception("connection refused to 10.0.0.7"))


def test_a_database_that_is_away_is_said_kindly(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = world.delivery_token(world.edition(), 7)
    with world.running() as web:
        monkeypatch.setattr(world.database, "reading", away)
        monkeypatch.setattr(world.database, "writing", away)
        for path in ("/", "/archive/2026-11-22", f"/c/1/{token}"):
            answer = web.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert "10.0.0.7" not in answer.text
        assert web.get(f"/o/{token}.gif").status_code == 200
        assert web.post("/subscribe", data={"email": "a@example.org"}).status_code == 503
        monkeypatch.undo()


def test_an_error_of_ours_shows_nothing_of_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("a secret detail")

    with world.running() as web:
        monkeypatch.setattr(world.database, "reading", broken)
        answer = web.get("/")
        assert answer.status_code == 500
        assert "secret detail" not in answer.text
        assert "our side" in answer.text
        monkeypatch.undo()


def test_health_is_answered_under_any_host(web: httpx.Client) -> None:
    anywhere = {"Host": "10.1.2.3:8000"}
    assert web.get("/healthz", headers=anywhere).json() == {"status": "alive"}
    assert web.get("/readyz", headers=anywhere).json() == {"status": "ready"}


def test_readiness_needs_the_database_and_its_tables(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.running() as web:
        with world.database.writing() as session:
            session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'old'")
        answer = web.get("/readyz")
        assert (answer.status_code, "newsletter migrate" in answer.text) == (503, True)
        monkeypatch.setattr(world.database, "reading", away)
        answer = web.get("/readyz")
        assert (answer.status_code, "does not answer" in answer.text) == (503, True)
        assert web.get("/healthz").status_code == 200
        monkeypatch.undo()
