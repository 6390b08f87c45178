"""Variants: one edition, few renderings, each composed once and stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select as select_id
from sqlmodel import Session, col, select

from emails.composer import compose
from emails.composition import Composition
from emails.issue import Issue
from newsletter.editions.inputs import inputs_digest
from newsletter.editions.links import known_numbers, store_links
from newsletter.editions.models import COMPOSITION, Edition, Revision, StoredComposition
from newsletter.errors import NotFound
from newsletter.publications import Publication
from newsletter.site import Site
from subscribers.upsert import insert

EARLIER_EDITIONS = 5


@dataclass(frozen=True, order=True)
class Variant:
    """What makes one reader's rendering differ from another's.

    `muted` holds only topics that the edition has, so that readers who muted something absent
    today share the rendering of those who muted nothing.
    """

    tracking: str
    muted: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """`linked`, or `counted-labs,wire` where topics are muted."""
        topics = ",".join(sorted(self.muted))
        return f"{self.tracking}-{topics}" if topics else self.tracking

    @classmethod
    def of_key(cls, key: str) -> "Variant":
        tracking, _, topics = key.partition("-")
        return cls(tracking, frozenset(topics.split(",")) if topics else frozenset())

    @classmethod
    def for_reader(
        cls, tracking: str, muted: str, *, topics: Iterable[str], policy: str
    ) -> "Variant":
        """The variant of a reader, given the edition's topics and the publication's policy."""
        return cls(
            allowed_tracking(tracking, policy), frozenset(muted.split()).intersection(topics)
        )


def allowed_tracking(wish: str, policy: str) -> str:
    """What the policy makes of a reader's wish; a reader's *off* stands under every policy."""
    if wish == "off" or policy == "off":
        return "off"
    if policy in {"counted", "linked"}:
        return policy
    return wish


def edition_topics(issue: Issue) -> frozenset[str]:
    """Topics that this issue's sections carry."""
    return frozenset(section.topic for section in issue.sections if section.topic)


def current_issue(session: Session, edition: Edition) -> Issue:
    """The issue of the edition's current revision."""
    revision = session.get(Revision, (edition.key, edition.revision))
    if revision is None:
        raise NotFound(f"Edition {edition.name} has no content yet. Import its file.")
    return Issue.model_validate(revision.issue)


def composed(
    session: Session, edition: Edition, publication: Publication, variant: Variant, site: Site
) -> tuple[int, Composition]:
    """Return the stored composition of a variant and its id, composing it when first needed.

    Preview, test mail, archive and dispatch all come through here: what you preview is what is
    sent. Flushes; the caller commits.
    """
    inputs = inputs_digest(publication, site)
    stored = session.exec(
        select(StoredComposition).where(
            StoredComposition.edition_id == edition.key,
            StoredComposition.revision == edition.revision,
            StoredComposition.variant == variant.key,
            StoredComposition.inputs == inputs,
        )
    ).one_or_none()
    if stored is not None and stored.id is not None:
        return stored.id, Composition.from_json(stored.body)
    composition = compose_variant(session, edition, publication, variant, site)
    return _store(session, edition, variant, inputs, composition), composition


def compose_variant(
    session: Session, edition: Edition, publication: Publication, variant: Variant, site: Site
) -> Composition:
    """Compose a variant of the current revision, with the edition's own link numbers."""
    number_links(session, edition, publication, site)
    return compose(
        current_issue(session, edition),
        publication.brand(site.base_url),
        addresses=site.addresses(publication, edition.key, edition.name, variant.tracking),
        muted=variant.muted,
        link_numbers=known_numbers(session, edition.key),
        earlier=earlier_issues(session, edition),
    )


def number_links(session: Session, edition: Edition, publication: Publication, site: Site) -> None:
    """Number the current revision's links, once, so that every variant shares the numbers."""
    if edition.numbered_revision >= edition.revision:
        return
    whole = compose(
        current_issue(session, edition),
        publication.brand(site.base_url),
        addresses=site.addresses(publication, edition.key, edition.name, "linked"),
        earlier=earlier_issues(session, edition),
    )
    store_links(session, edition.key, whole.links)
    edition.numbered_revision = edition.revision
    session.add(edition)


def earlier_issues(session: Session, edition: Edition) -> tuple[Issue, ...]:
    """The issues of the editions before this one that went out, newest first."""
    rows = session.exec(
        select(Revision.issue)
        .join(Edition, col(Edition.id) == Revision.edition_id)
        .where(
            Edition.publication_id == edition.publication_id,
            Edition.date < edition.date,
            col(Edition.state).in_(("sending", "paused", "sent")),
            Revision.number == Edition.revision,
        )
        .order_by(col(Edition.date).desc(), col(Edition.id).desc())
        .limit(EARLIER_EDITIONS)
    )
    return tuple(Issue.model_validate(issue) for issue in rows)


def _store(
    session: Session, edition: Edition, variant: Variant, inputs: str, composition: Composition
) -> int:
    """Keep a composition; where another worker was first, its row stands (same input, same bytes)."""
    place = {
        "edition_id": edition.key,
        "revision": edition.revision,
        "variant": variant.key,
        "inputs": inputs,
    }
    session.execute(
        insert(session, COMPOSITION)
        .values(
            **place,
            digest=composition.digest,
            body=composition.to_json(),
            created_at=edition.updated_at,
        )
        .on_conflict_do_nothing()
    )
    composition_id: int = session.execute(
        select_id(COMPOSITION.c.id).filter_by(**place)
    ).scalar_one()
    return composition_id
