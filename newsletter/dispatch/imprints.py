"""Imprints: what batches of one approved edition and variant share, made once per worker."""

import time
from dataclasses import dataclass

from sqlmodel import Session

from newsletter.database import Database
from newsletter.dispatch.handoff import Rules
from newsletter.dispatch.ledger import Lease
from newsletter.dispatch.mailing import Imprint, imprint
from newsletter.editions.approval import require_approved
from newsletter.editions.models import Edition
from newsletter.editions.variants import Variant, composed, current_issue, edition_topics
from newsletter.publications import Publication
from newsletter.site import Site

KEPT = 64
"""Compositions kept in memory, some 150 KB each."""

_Key = tuple[int, int, str | None, str]
"""Edition, revision, what was approved, variant."""


@dataclass(frozen=True)
class ImprintedEdition:
    """A variant of an edition, ready for its readers."""

    imprint: Imprint
    composition_id: int
    rules: Rules


class Imprints:
    """Looks imprints up, composing and storing a variant when it is first needed.

    Only what was approved: a brand that changed in the middle of a send pauses it.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: dict[_Key, ImprintedEdition] = {}

    def of(self, database: Database, lease: Lease) -> ImprintedEdition:
        """Return what the lease's recipients get; what isn't kept is made in a transaction of its own."""
        key = (lease.edition_id, lease.revision, lease.approved_hash, lease.variant)
        if kept := self._kept.get(key):
            return kept
        made = database.transact(lambda session: self._make(session, lease))
        now = made.rules
        self._kept[lease.edition_id, now.revision, now.approved_hash, lease.variant] = made
        while len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept)))
        return made

    def _make(self, session: Session, lease: Lease) -> ImprintedEdition:
        edition = session.get_one(Edition, lease.edition_id)
        publication = session.get_one(Publication, edition.publication_id)
        require_approved(session, edition, publication, self._site)
        composition_id, composition = composed(
            session, edition, publication, Variant.of_key(lease.variant), self._site
        )
        rules = Rules(
            publication_id=publication.key,
            revision=edition.revision,
            approved_hash=edition.approved_hash,
            topics=edition_topics(current_issue(session, edition)),
            policy=publication.tracking,
            not_after=edition.not_after,
        )
        stamped = imprint(publication, edition, composition, self._site, date=time.time())
        return ImprintedEdition(stamped, composition_id, rules)
