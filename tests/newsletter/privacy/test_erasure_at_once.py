"""News of somebody arrives while they are being erased. SQLite has one writer at a time."""

from functools import partial

import pytest
from sqlmodel import Session, select

from newsletter.database import Database
from newsletter.feedback.effects import take_effect
from newsletter.feedback.events import BounceKind, EventKind, NormalEvent
from newsletter.privacy.erasure import erase_person
from newsletter.publications import Publication
from subscribers.consent import Agreement
from subscribers.models import Suppression
from tests.blocked import on_postgresql, overlap
from tests.newsletter.privacy.house import NOW, deliver, hash_of, subscribe

pytestmark = on_postgresql

ADA = "ada.l@example.org"


@pytest.mark.parametrize("kind", [EventKind.BOUNCED, EventKind.COMPLAINED])
def test_what_waits_for_the_erasure_keeps_no_address(database: Database, kind: EventKind) -> None:
    def live(session: Session) -> tuple[int, int]:
        publication = Publication(slug="p", name="P", sender="p@p.example", postal_address="P")
        session.add(publication)
        session.flush()
        reader = subscribe(session, publication.key, ADA)
        return reader, deliver(session, publication.key, reader, reason=None)

    reader, edition = database.transact(live)
    news = NormalEvent(
        provider="sendgrid",
        kind=kind,
        at=NOW,
        reference=f"{edition}-{reader}",
        email=ADA,
        raw={},
        code="5.1.1",
        bounce=BounceKind.HARD if kind is EventKind.BOUNCED else None,
    )

    erasing = partial(
        erase_person,
        subscriber_id=reader,
        act=Agreement("page"),
        by="desk",
        hash_of=hash_of,
        now=NOW,
    )
    overlap(database, erasing, partial(take_effect, events=[news], now=NOW))

    with database.reading() as session:
        kept = [one.email_key for one in session.exec(select(Suppression))]
    assert ADA not in kept
