"""The archive: what went out, as pages, as the mail, as a feed; drafts never."""

from xml.etree import ElementTree as ET

import httpx
import pytest

from newsletter.editions.library import find_edition
from newsletter.editions.states import EditionState
from newsletter.editions.variants import Variant, composed
from newsletter.publications import Publication
from tests.newsletter.web.world import World

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.mark.parametrize("state", [EditionState.SENDING, EditionState.PAUSED, EditionState.SENT])
def test_what_goes_out_is_in_the_archive(
    web: httpx.Client, world: World, state: EditionState
) -> None:
    world.edition(state=state)
    assert "A Quiet Day" in web.get("/archive").text
    assert "A Quiet Day" in web.get("/").text
    page = web.get("/archive/2026-11-22")
    assert page.status_code == 200
    assert "The first paragraph of the day." in page.text
    assert 'href="https://example.org/a"' in page.text


@pytest.mark.parametrize(
    "state",
    [
        EditionState.DRAFT,
        EditionState.APPROVED,
        EditionState.SCHEDULED,
        EditionState.CANCELLED,
    ],
)
def test_what_has_not_gone_out_is_nowhere(
    web: httpx.Client, world: World, state: EditionState
) -> None:
    world.edition(state=state)
    for path in ("/", "/archive", "/archive/feed.xml"):
        assert "A Quiet Day" not in web.get(path).text
    for path in ("/archive/2026-11-22", "/archive/2026-11-22/email"):
        assert web.get(path).status_code == 404


def test_a_second_edition_has_an_address_of_its_own(web: httpx.Client, world: World) -> None:
    world.edition()
    world.edition(title="Extra, Extra", slug="extra")
    assert "A Quiet Day" in web.get("/archive/2026-11-22").text
    assert "Extra, Extra" in web.get("/archive/2026-11-22/extra").text
    assert "Extra, Extra" in web.get("/archive/2026-11-22/extra/email").text


def test_editions_lead_to_those_before_and_after(web: httpx.Client, world: World) -> None:
    world.edition("2026-11-20", "First")
    world.edition("2026-11-21", "Second")
    world.edition("2026-11-22", "A draft", state=EditionState.DRAFT)
    world.edition("2026-11-23", "Third")
    page = web.get("/archive/2026-11-21").text
    assert 'rel="prev" href="/archive/2026-11-20"' in page
    assert 'rel="next" href="/archive/2026-11-23"' in page
    assert 'rel="prev"' not in web.get("/archive/2026-11-20").text
    assert 'rel="next"' not in web.get("/archive/2026-11-23").text


def test_the_archive_is_cut_by_year(web: httpx.Client, world: World) -> None:
    world.edition("2025-12-31", "Old")
    world.edition("2026-01-01", "New")
    latest, older = web.get("/archive").text, web.get("/archive?year=2025").text
    assert ("New" in latest, "Old" in latest) == (True, False)
    assert ("New" in older, "Old" in older) == (False, True)
    assert "December 2025" in older
    assert "Nothing was sent in 1999" in web.get("/archive?year=1999").text


@pytest.mark.parametrize("year", ["abc", "", "20 26"])
def test_a_year_that_is_none_is_a_page_that_there_is_not(web: httpx.Client, year: str) -> None:
    answer = web.get("/archive", params={"year": year})
    assert answer.status_code == 404
    assert "The archive has every edition" in answer.text


def test_the_feed_is_atom_with_the_latest_first(web: httpx.Client, world: World) -> None:
    world.edition("2026-11-21", "Second")
    world.edition("2026-11-22", "Third & <last>")
    answer = web.get("/archive/feed.xml")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)
    titles = [entry.findtext("a:title", namespaces=ATOM) for entry in feed.findall("a:entry", ATOM)]
    assert titles == ["Third & <last>", "Second"]
    link = feed.find("a:entry/a:link", ATOM)
    assert link is not None
    assert link.get("href") == f"{world.settings.base_url}/archive/2026-11-22"


def test_an_empty_archive_has_a_feed(web: httpx.Client) -> None:
    feed = ET.fromstring(web.get("/archive/feed.xml").content)
    assert feed.findtext("a:updated", namespaces=ATOM)


@pytest.mark.parametrize("name", ["2026-02-30", "nonsense", "2026-11-22", "2026-11-22/none"])
def test_what_is_not_there_gets_a_friendly_page(web: httpx.Client, name: str) -> None:
    answer = web.get(f"/archive/{name}")
    assert answer.status_code == 404
    assert "Nothing here" in answer.text


def test_the_mail_is_the_stored_composition_without_a_token(
    web: httpx.Client, world: World
) -> None:
    edition_id = world.edition()
    answer = web.get("/archive/2026-11-22/email")
    with world.database.writing() as session:
        publication = session.get_one(Publication, world.publication_id)
        edition = find_edition(session, publication.key, "2026-11-22")
        _, mail = composed(session, edition, publication, Variant("off"), world.site)
    assert edition.key == edition_id
    word = mail.slots["token"]
    assert answer.text == mail.html.replace(word, "web-copy")
    assert "/o/" not in answer.text
    assert "/c/" not in answer.text


def test_the_mails_page_may_style_itself_and_nothing_else(web: httpx.Client, world: World) -> None:
    world.edition()
    [policy] = web.get("/archive/2026-11-22/email").headers.get_list("content-security-policy")
    directives = policy.split("; ")
    assert directives[0].startswith("sandbox")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "style-src 'unsafe-inline'" in directives
    assert "default-src 'none'" in directives


@pytest.mark.parametrize("door", ["unsubscribe", "preferences"])
def test_the_copys_own_links_are_for_show(web: httpx.Client, world: World, door: str) -> None:
    for answer in (web.get(f"/{door}/web-copy"), web.post(f"/{door}/web-copy")):
        assert answer.status_code == 200
        assert "archive&#39;s copy" in answer.text


def test_a_correction_is_shown_when_somebody_has_approved_it(
    web: httpx.Client, world: World
) -> None:
    edition_id = world.edition(state=EditionState.PAUSED)
    world.mail_out(edition_id)
    world.correct("2026-11-22", "A Loud Day")
    everywhere = ["/", "/archive", "/archive/feed.xml"]
    everywhere += ["/archive/2026-11-22", "/archive/2026-11-22/email"]
    for path in everywhere:
        assert "A Quiet Day" in web.get(path).text
        assert "A Loud Day" not in web.get(path).text
    world.approve(edition_id)
    for path in everywhere:
        assert "A Loud Day" in web.get(path).text


def test_a_correction_before_anybody_got_it_shows_nothing(web: httpx.Client, world: World) -> None:
    world.edition(state=EditionState.PAUSED)
    world.correct("2026-11-22", "A Loud Day")
    assert web.get("/archive/2026-11-22").status_code == 404
    assert "A Loud Day" not in web.get("/archive").text


def test_pages_are_the_same_for_everyone_and_cached_for_a_minute(
    web: httpx.Client, world: World
) -> None:
    world.edition()
    for path in ("/", "/archive", "/archive/2026-11-22", "/archive/feed.xml", "/brand.css"):
        answer = web.get(path)
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert answer.headers["vary"] == "Host"
        head = web.head(path)
        assert (head.status_code, head.content) == (200, b"")


def test_the_brands_colours_come_by_a_stylesheet(web: httpx.Client, world: World) -> None:
    with world.database.writing() as session:
        publication = session.get_one(Publication, world.publication_id)
        publication.colours = {"light": {"accent": "#123456"}}
    answer = web.get("/brand.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "--accent: #123456;" in answer.text
    assert "prefers-color-scheme: dark" in answer.text
    assert "style=" not in web.get("/").text


def test_the_host_picks_the_publication(web: httpx.Client, world: World) -> None:
    world.edition()
    with world.database.writing() as session:
        session.add(
            Publication(
                slug="other", name="The Other", sender="o@other.example", host="other.example"
            )
        )
    there = web.get("/", headers={"Host": "other.example"})
    here = web.get("/")
    assert "The Other" in there.text
    assert "A Quiet Day" not in there.text
    assert "A Quiet Day" in here.text
    assert web.get("/archive/2026-11-22", headers={"Host": "other.example"}).status_code == 404
