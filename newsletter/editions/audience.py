"""How many readers an edition would go to now, by the rendering that each would get."""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlmodel import Session

from newsletter.editions.variants import Variant
from newsletter.publications import Publication
from subscribers.audience import groups


def count_by_variant(
    session: Session, publication: Publication, topics: Collection[str]
) -> Mapping[Variant, int]:
    """Count the readers by variant, given the edition's topics; one statement, whoever reads it.

    An estimate for before the freeze: who leaves meanwhile is left out by that.
    """
    counts: Counter[Variant] = Counter()
    for group in groups(session, publication.key):
        variant = Variant.for_reader(
            group.tracking, group.muted, topics=topics, policy=publication.tracking
        )
        counts[variant] += group.readers
    return counts
