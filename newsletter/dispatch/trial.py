"""A test mail: the same bytes by the same path, to one address, without a ledger row."""

import time

from sqlmodel import Session

from newsletter.dispatch.handoff import Row
from newsletter.dispatch.mailing import TEST_READER, imprint, mailing
from newsletter.editions.models import Edition
from newsletter.editions.variants import Variant, allowed_tracking, composed
from newsletter.providers.base import Mailing, Outcome, OutcomeKind, Provider, ProviderError, always
from newsletter.publications import Publication
from newsletter.site import Site


def make_test(
    session: Session, edition: Edition, publication: Publication, site: Site, address: str
) -> Mailing:
    """What `address` is to be sent: the variant that a reader with linked tracking gets.

    Its links lead to pages that say that it is a test and change nothing.
    """
    variant = Variant(allowed_tracking("linked", publication.tracking))
    _, composition = composed(session, edition, publication, variant, site)
    stamped = imprint(publication, edition, composition, site, date=time.time())
    return mailing(stamped, [Row(TEST_READER, address)], site, batch="test", may_begin=always)


def send_test(provider: Provider, test: Mailing) -> Outcome:
    """Hand it over, with no transaction open; raise ProviderError where it was not taken."""
    outcome = provider.submit(test).result()[0]
    if outcome.kind != OutcomeKind.ACCEPTED:
        raise ProviderError(
            f"{provider.name} did not take the test mail: {outcome.code} {outcome.text}"
        )
    return outcome
