"""People act in the middle of a send: they correct it, and they leave."""

from sqlmodel import Session, select

from newsletter.dispatch.control import pause, resume
from newsletter.dispatch.models import Batch, Delivery
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition, StoredComposition
from newsletter.publications import Publication
from newsletter.site import Site
from newsletter.tokens import Signer
from subscribers.consent import Agreement
from subscribers.unsubscribe import leave
from tests.faults.press import BASE_URL, SECRET, Press, eventually, has_received, leased
from tests.newsletter.dispatch.desk import NOW, sample_issue

READERS = 900
SITE = Site(BASE_URL, Signer(SECRET))


def test_a_correction_in_the_middle_reaches_the_rest_and_nobody_twice(smtp_press: Press) -> None:
    press = smtp_press
    press.rate = 200
    press.prepare(READERS)
    press.start_worker()
    eventually(lambda: has_received(press, 50), what="it has begun")
    press.database.transact(
        lambda session: pause(session, press.edition_id, reason="a wrong number", now=NOW)
    )
    eventually(lambda: not leased(press), what="the worker has let go")

    press.database.transact(lambda session: correct(session, press.edition_id))

    assert press.expect_all_once(READERS) == 0
    counts = readers_by_revision(press)
    assert counts.keys() == {1, 2}
    assert sum(counts.values()) == READERS
    assert min(counts.values()) >= 50


def correct(session: Session, edition_id: int) -> None:
    """What an editor does: import the corrected file, approve it, resume."""
    edition = session.get_one(Edition, edition_id)
    publication = session.get_one(Publication, edition.publication_id)
    issue = sample_issue(title="Morning, corrected")
    import_issue(session, publication, issue, source="", author="ada", now=NOW)
    approve(session, edition, publication, SITE, by="ada", now=NOW)
    resume(session, edition_id, site=SITE, now=NOW)


def readers_by_revision(press: Press) -> dict[int, int]:
    """Revision -> how many readers have it, as the ledger remembers."""
    counts: dict[int, int] = {}
    with press.database.reading() as session:
        rows = session.exec(
            select(StoredComposition.revision)
            .join(Batch, Batch.composition_id == StoredComposition.id)  # type: ignore[arg-type]
            .join(Delivery, Delivery.batch_id == Batch.id)  # type: ignore[arg-type]
        )
        for revision in rows:
            counts[revision] = counts.get(revision, 0) + 1
    return counts


def test_who_leaves_in_the_middle_gets_nothing(press: Press) -> None:
    press.rate = 200
    press.prepare(READERS)
    press.start_worker()
    eventually(lambda: has_received(press, 20), what="it has begun")

    with press.database.writing() as session:
        edition = session.get_one(Edition, press.edition_id)
        agreement = Agreement("test", note="the link in the mail")
        leave(session, READERS, edition.publication_id, agreement, now=NOW, reason="link")
    eventually(lambda: press.status() == "sent", what="all others have it")

    gone = f"{press.edition_id}-{READERS}"
    assert set(press.received()) == press.expected() - {gone}
    assert press.received().total() == READERS - 1
    assert press.states()["excluded"] == 1
