"""Checks before approval: what the composition shows by itself, and what only the database knows.

What only the network knows (links that answer, pictures' weight, DNS) is asked by
`link_check` and `dns_check`.
"""

from sqlmodel import Session

from emails.composition import Composition, Finding
from emails.preflight import check
from emails.repeats import repeated_since
from newsletter.editions.models import Edition
from newsletter.editions.variants import Variant, current_issue, earlier_issues
from newsletter.publications import Publication
from newsletter.site import Site


def preflight(
    session: Session,
    edition: Edition,
    publication: Publication,
    site: Site,
    *,
    variant: Variant,
    composition: Composition,
) -> tuple[Finding, ...]:
    """Every finding about an edition as composed for `variant`, errors first.

    Against the last five editions that went out: a headline or link that readers have had.
    """
    issue = current_issue(session, edition)
    findings = (
        *check(
            composition,
            issue=issue,
            brand=publication.brand(site.base_url),
            addresses=site.addresses(publication, edition.key, edition.name, variant.tracking),
        ),
        *repeated_since(issue, earlier_issues(session, edition)),
    )
    return errors_first(findings)


def errors_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Each finding once, errors before warnings, otherwise as they came."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda one: one.severity != "error"))
