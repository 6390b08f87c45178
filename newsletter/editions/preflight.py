"""Checks before approval that need more than the composition: so far, the brand's promises."""

from emails.brand import Brand
from emails.composition import Composition, Finding
from emails.issue import Issue
from emails.preflight import check


def preflight(composition: Composition, issue: Issue, brand: Brand) -> tuple[Finding, ...]:
    """Every finding, errors first."""
    findings = (*composition.warnings, *check(composition, issue=issue, brand=brand))
    return tuple(sorted(set(findings), key=lambda one: (one.severity != "error", one.field)))
