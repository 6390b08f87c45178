"""Checks before approval: what the composition shows by itself, and what only the database knows.

What only the network knows (links that answer, pictures' weight, DNS) is asked by
`link_check` and `dns_check`.
"""

from collections.abc import Iterator

from sqlmodel import Session

from emails.composition import Composition, Finding
from emails.issue import Issue
from emails.placeholders import asked_of
from emails.preflight import check
from emails.reader import Reader
from emails.repeats import repeated_since
from newsletter.editions.models import Edition
from newsletter.editions.variants import (
    Variant,
    allowed_tracking,
    composed,
    current_issue,
    earlier_issues,
)
from newsletter.publications import Publication
from newsletter.site import Site
from subscribers.readers import newest_personal_rows

READERS_ASKED = 1_000
"""The newest, of whom one at least should have what a placeholder asks for."""


def preflight(
    session: Session, edition: Edition, publication: Publication, site: Site
) -> tuple[Composition, tuple[Finding, ...]]:
    """An edition as composed for those who are tracked most, and every finding, errors first.

    That variant is the largest: its size counts. Against the last five editions that went out: a
    headline or link that readers have had.
    """
    whole = Variant(allowed_tracking("linked", publication.tracking))
    _, composition = composed(session, edition, publication, whole, site)
    issue = current_issue(session, edition)
    findings = (
        *check(
            composition,
            issue=issue,
            brand=publication.brand(site.base_url),
            addresses=site.addresses(publication, edition.key, edition.name, whole.tracking),
        ),
        *repeated_since(issue, earlier_issues(session, edition)),
        *_unanswered(session, publication, issue),
    )
    return composition, errors_first(findings)


def _unanswered(session: Session, publication: Publication, issue: Issue) -> Iterator[Finding]:
    """Placeholders to which no reader has an answer: a slip of the pen in an attribute's name."""
    asked = {one.placeholder.asked: one.placeholder.fallback or "" for one in asked_of(issue)}
    if not asked:
        return
    rows = newest_personal_rows(session, publication.key, most=READERS_ASKED)
    readers = [Reader(row.name, row.attributes, row.tags) for row in rows]
    for what, fallback in asked.items():
        if readers and not any(reader.value(what) for reader in readers):
            message = (
                f"none of the newest {len(readers):,} readers has what {{{{ reader.{what} }}}} asks "
                f"for, so all of them would read {fallback!r}: an export shows what they have"
            )
            yield Finding("unanswered-placeholder", "warning", "sections", message)


def errors_first(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Each finding once, errors before warnings, otherwise as they came."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda one: one.severity != "error"))
