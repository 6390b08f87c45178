"""Confirming: a page first, then one POST, once, with the consent on record."""

import httpx
import pytest
from sqlmodel import col, select

from newsletter.publications import Publication
from newsletter.tokens import Purpose
from subscribers.models import ConsentRecord, State, Tracking
from tests.newsletter.web.world import World

TOPICS = ["labs", "wire", "papers", "benchmarks", "trending"]


@pytest.fixture
def link(web: httpx.Client, world: World) -> str:
    """The path of a confirmation link, as the notice's mail has it."""
    web.post("/subscribe", data={"email": "ada@example.org"})
    return confirm_path(world)


def confirm_path(world: World) -> str:
    notice = world.notices()[-1]
    assert notice.subscriber_id is not None
    with world.database.reading() as session:
        publication = session.get_one(Publication, world.publication_id)
        url = world.site.confirm_url(
            publication, notice.subscriber_id, notice.data["epoch"], now=world.clock()
        )
    return url.removeprefix(world.settings.base_url)


def reader_of(world: World) -> int:
    reader = world.notices()[0].subscriber_id
    assert reader is not None
    return reader


def consents(world: World) -> list[ConsentRecord]:
    with world.database.reading() as session:
        return list(session.exec(select(ConsentRecord).order_by(col(ConsentRecord.id))))


def test_the_page_shows_a_masked_address_and_changes_nothing(
    web: httpx.Client, world: World, link: str
) -> None:
    page = web.get(link)
    assert page.status_code == 200
    assert "a•••@example.org" in page.text
    assert "ada@example.org" not in page.text
    assert page.headers["cache-control"] == "no-store"
    web.head(link)
    assert world.subscription(reader_of(world)).state == State.PENDING


def test_the_button_confirms_with_consent_on_record(
    web: httpx.Client, world: World, link: str
) -> None:
    answer = web.post(link, data={"topics": TOPICS})
    assert "You are subscribed" in answer.text
    subscription = world.subscription(reader_of(world))
    assert (subscription.state, subscription.mailable) == (State.ACTIVE, True)
    assert (subscription.tracking, subscription.muted) == (Tracking.COUNTED, "")
    [record] = consents(world)
    assert (record.kind, record.granted, record.ip) == ("mail", True, "127.0.0.1")
    assert "The Inference Ledger" in record.wording
    assert record.wording_version
    assert record.source == "form"


def test_the_record_says_by_which_door_a_reader_came(api: httpx.Client, world: World) -> None:
    api.post("/api/v1/subscribers", json={"email": "ada@example.org"})
    api.post(confirm_path(world), data={"tracking": "yes"})
    assert [(one.kind, one.source) for one in consents(world)] == [
        ("mail", "api"),
        ("tracking", "api"),
    ]


def test_tracking_is_consented_to_apart_and_in_its_own_words(
    web: httpx.Client, world: World, link: str
) -> None:
    web.post(link, data={"topics": TOPICS, "tracking": "true"})
    assert world.subscription(reader_of(world)).tracking == Tracking.LINKED
    mail, tracking = consents(world)
    assert (mail.kind, tracking.kind, tracking.granted) == ("mail", "tracking", True)
    assert "which of its emails I open" in tracking.wording


def test_what_was_ticked_at_the_form_is_shown_once_more(web: httpx.Client, world: World) -> None:
    form = {"email": "ada@example.org", "topics": ["labs"], "topics_shown": "true"}
    web.post("/subscribe", data={**form, "tracking": "true"})
    page = web.get(confirm_path(world)).text
    assert 'value="labs" checked' in page
    assert 'value="wire" checked' not in page
    assert 'name="tracking" value="true" checked' in page
    assert world.subscription(reader_of(world)).tracking == Tracking.COUNTED


def test_topics_left_unticked_are_muted(web: httpx.Client, world: World, link: str) -> None:
    web.post(link, data={"topics": ["labs", "wire"]})
    assert world.subscription(reader_of(world)).muted == "benchmarks papers trending"


def test_a_link_works_once(web: httpx.Client, world: World, link: str) -> None:
    web.post(link, data={"topics": TOPICS})
    for answer in (web.get(link), web.post(link, data={"topics": []})):
        assert answer.status_code == 410
        assert "used already" in answer.text
    assert world.subscription(reader_of(world)).muted == ""
    assert len(consents(world)) == 1


def test_a_link_expires_after_two_days(web: httpx.Client, world: World, link: str) -> None:
    world.clock.move(48 * 3600 + 1)
    for answer in (web.get(link), web.post(link)):
        assert answer.status_code == 410
        assert "expired" in answer.text
    assert world.subscription(reader_of(world)).state == State.PENDING


@pytest.mark.parametrize("token", ["x", "forged-token-of-some-length-here", "%00", "ü"])
def test_a_forged_link_gets_a_friendly_page(web: httpx.Client, token: str) -> None:
    for answer in (web.get(f"/confirm/{token}"), web.post(f"/confirm/{token}")):
        assert answer.status_code == 403
        assert "don&#39;t know this link" in answer.text


def test_a_delivery_token_confirms_nothing(web: httpx.Client, world: World, link: str) -> None:
    token = world.site.signer.sign(Purpose.DELIVERY, 1, reader_of(world), 0, 4_000_000_000)
    assert web.post(f"/confirm/{token}").status_code == 403
    assert world.subscription(reader_of(world)).state == State.PENDING


def test_who_left_comes_back_only_by_confirming(web: httpx.Client, world: World) -> None:
    reader = world.reader()
    web.post(f"/unsubscribe/{world.delivery_token(world.edition(), reader)}")
    world.clock.move(3600)
    web.post("/subscribe", data={"email": "ada@example.org"})
    assert world.subscription(reader).state == State.UNSUBSCRIBED
    web.post(confirm_path(world), data={"topics": TOPICS})
    assert world.subscription(reader).state == State.ACTIVE


def test_unticked_tracking_takes_an_earlier_consent_back(web: httpx.Client, world: World) -> None:
    reader = world.reader(tracking=Tracking.LINKED)
    web.post(f"/unsubscribe/{world.delivery_token(world.edition(), reader)}")
    world.clock.move(3600)
    web.post("/subscribe", data={"email": "ada@example.org"})
    web.post(confirm_path(world), data={"topics": TOPICS})
    assert world.subscription(reader).tracking == Tracking.COUNTED
    assert [(r.kind, r.granted) for r in consents(world)][-1] == ("tracking", False)
