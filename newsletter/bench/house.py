"""A publication with its readers and an approved edition, ready to be frozen and sent."""

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from emails.composer import compose
from emails.composition import Composition
from emails.issue import Issue
from newsletter.bench.readers import write_readers
from newsletter.bench.sample_issue import issue_of_size
from newsletter.database import Database
from newsletter.dispatch.handoff import Row
from newsletter.dispatch.mailing import imprint, mailing
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.editions.schedule import schedule
from newsletter.editions.variants import Variant, composed
from newsletter.providers.base import always
from newsletter.providers.messages import Messages
from newsletter.publications import Publication, store_publication
from newsletter.settings import PublicationSettings
from newsletter.site import Site
from subscribers.imports import ImportPlan, import_readers

OCTETS = 60_000
"""Of a message, as it stands between DATA and the final dot."""
VARIANT = "linked"
"""Everybody's links carry a token of their own: what costs most."""
PUBLICATION = PublicationSettings(
    slug="bench",
    name="The Bench",
    sender="The Bench <desk@bench.example>",
    postal_address="The Bench, 1 Press Lane, 12345 Exampletown",
    tracking=VARIANT,
)
SAMPLE_READER = Row(500_000, "reader.500000@example.com")


@dataclass(frozen=True)
class Furnished:
    """What is to be sent."""

    edition_id: int
    bytes_per_message: int


def furnish(database: Database, site: Site, recipients: int, folder: Path) -> Furnished:
    """Store a publication, `recipients` readers and an edition that is due; `folder` is scratch."""
    with database.writing() as session:
        publication_id = store_publication(session, PUBLICATION).key
    add_readers(database, site, publication_id, recipients, folder)
    return database.transact(lambda session: _add_edition(session, site, publication_id))


def add_readers(
    database: Database, site: Site, publication_id: int, count: int, folder: Path
) -> None:
    """Import `count` invented readers, as an editor would."""
    path = folder / "readers.csv"
    write_readers(path, count)
    with database.importing() as sessions:
        import_readers(
            sessions,
            path,
            ImportPlan(publication_id, consent="invented for a measurement"),
            rejected=None,
            hash_of=site.signer.keyed_hash,
            now=time.time(),
            checkpoint=Session.commit,
        )
    path.unlink()
    if not database.is_sqlite:
        _look_after(database)


def _look_after(database: Database) -> None:
    """Do what PostgreSQL does by itself within a minute (autovacuum) after many rows came.

    Else it would do so in the middle of what is measured, and take a processor for seconds.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE) subscriber, subscription")


def _add_edition(session: Session, site: Site, publication_id: int) -> Furnished:
    publication = session.get_one(Publication, publication_id)
    date, now = dt.datetime.now(dt.UTC).date(), time.time()
    issue = issue_of_size(date, OCTETS, lambda draft: _octets_of(draft, publication, site))
    edition = import_issue(session, publication, issue, source="", author="bench", now=now).edition
    approve(session, edition, publication, site, by="bench", now=now)
    schedule(session, edition, publication, site, at=now, now=now)
    _, composition = composed(session, edition, publication, Variant(VARIANT), site)
    return Furnished(edition.key, _octets(publication, edition, composition, site))


def _octets_of(issue: Issue, publication: Publication, site: Site) -> int:
    """The octets of an issue that is not stored yet."""
    edition = Edition(
        id=1, publication_id=publication.key, date=issue.date, created_at=0.0, updated_at=0.0
    )
    composition = compose(
        issue,
        publication.brand(site.base_url),
        addresses=site.addresses(publication, edition.key, edition.name, VARIANT),
    )
    return _octets(publication, edition, composition, site)


def _octets(
    publication: Publication, edition: Edition, composition: Composition, site: Site
) -> int:
    """The octets of the message that a reader in the middle of the list gets."""
    imprinted = imprint(publication, edition, composition, site, date=time.time())
    letter = mailing(imprinted, [SAMPLE_READER], site, batch="1", may_begin=always)
    return len(Messages().of(letter)(letter.recipients[0]))
