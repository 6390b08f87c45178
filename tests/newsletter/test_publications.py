import pytest

from newsletter.database import Database
from newsletter.errors import NotFound
from newsletter.publications import Publication, find_publication, store_publication
from newsletter.settings import PublicationSettings

WANTED = PublicationSettings.model_validate(
    {
        "slug": "ledger",
        "name": "The Ledger",
        "sender": "desk@ledger.example",
        "tagline": "What happened",
        "body_font": "verdana",
        "abstract_length": 300,
        "footer": "Registered.",
        "social": [{"label": "Mastodon", "url": "https://social.example/@ledger"}],
        "utm": {"source": "ledger", "campaign": "{date}", "hosts": ["ledger.example"]},
    }
)


def test_the_brand_of_a_stored_publication_is_what_its_settings_say(database: Database) -> None:
    with database.writing() as session:
        store_publication(session, WANTED)
    with database.reading() as session:
        brand = find_publication(session, "ledger").brand("https://ledger.example")
    said = WANTED.model_dump()
    assert {name: value for name, value in brand.model_dump().items() if name in said} == {
        name: value for name, value in said.items() if name in type(brand).model_fields
    }


def test_storing_again_brings_the_look_up_to_date(database: Database) -> None:
    with database.writing() as session:
        store_publication(session, WANTED)
        changed = store_publication(session, WANTED.model_copy(update={"tagline": "Else"}))
        assert changed.brand("https://ledger.example").tagline == "Else"


def test_a_slug_of_none_is_told_with_those_that_there_are(database: Database) -> None:
    with database.writing() as session:
        with pytest.raises(NotFound, match="newsletter init"):
            find_publication(session, "nope")
        for slug in ("ledger", "tide"):
            store_publication(session, WANTED.model_copy(update={"slug": slug}))
        with pytest.raises(NotFound, match=r"“nope”.*ledger, tide"):
            find_publication(session, "nope")
        with pytest.raises(NotFound, match="name one"):
            find_publication(session)


def test_a_comma_in_the_senders_name_leaves_the_domain_alone() -> None:
    sender = "Muster, Verlag <news@muster.example>"
    publication = Publication(slug="muster", name="Muster", sender=sender)
    assert publication.sender_domain == "muster.example"
