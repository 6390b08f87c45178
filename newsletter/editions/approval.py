"""Approval: bound to a hash over issue, brand and templates, so that it covers these very bytes."""

from dataclasses import asdict, dataclass
from hashlib import sha256

import orjson
from sqlmodel import Session

from emails.composition import Finding
from newsletter.editions.inputs import inputs_digest
from newsletter.editions.models import Edition
from newsletter.editions.preflight import preflight
from newsletter.editions.states import EditionState, check_transition
from newsletter.editions.variants import current_issue
from newsletter.errors import Blocked, EditionError, NotApproved
from newsletter.publications import Publication
from newsletter.site import Site

STAY_AS_THEY_ARE = frozenset({EditionState.APPROVED, EditionState.SCHEDULED, EditionState.PAUSED})
"""Approving these (once more) moves them nowhere."""


@dataclass(frozen=True)
class Approval:
    """What was approved, and which warnings the approver accepted with it."""

    hash: str
    warnings: tuple[Finding, ...]


def approve(
    session: Session,
    edition: Edition,
    publication: Publication,
    site: Site,
    *,
    by: str,
    now: float,
) -> Approval:
    """Check the edition and bind the approver's word to its present bytes.

    A paused edition stays paused: its corrected revision goes on when it is resumed. A scheduled
    one stays scheduled.

    Raises:
        Blocked: preflight found errors; names them.
        EditionError: the edition is past approving.
    """
    if edition.state == EditionState.SCHEDULED and edition.frozen_upto is not None:
        raise EditionError(f"Edition {edition.name} is just going out: it is approved already.")
    if edition.state not in STAY_AS_THEY_ARE:
        check_transition(edition.name, edition.state, EditionState.APPROVED)
        edition.state = EditionState.APPROVED
    _, findings = preflight(session, edition, publication, site)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        lines = "\n".join(f"  {one.field}: {one.message}" for one in errors)
        raise Blocked(f"Edition {edition.name} can't be approved yet:\n{lines}")
    edition.approved_hash = approval_hash(session, edition, publication, site)
    edition.approved_by, edition.approved_at = by, now
    edition.accepted_warnings = [asdict(finding) for finding in findings]
    edition.hold_reason = None
    edition.updated_at = now
    session.add(edition)
    return Approval(edition.approved_hash, findings)


def void_approval(session: Session, edition: Edition, *, reason: str, now: float) -> None:
    """Take the approval back; says so on the edition where a send was due."""
    was_scheduled = edition.state == EditionState.SCHEDULED
    edition.approved_hash = edition.approved_by = edition.approved_at = None
    if edition.state in {EditionState.APPROVED, EditionState.SCHEDULED}:
        edition.state = EditionState.DRAFT
        edition.scheduled_at = edition.not_after = None
    edition.hold_reason = f"{reason}: will NOT go out as scheduled" if was_scheduled else None
    edition.updated_at = now
    session.add(edition)


def require_approved(
    session: Session, edition: Edition, publication: Publication, site: Site
) -> None:
    """Raise NotApproved unless somebody approved exactly what would go out now."""
    if edition.approved_hash is None:
        raise NotApproved(
            f"Edition {edition.name} is not approved. Run `newsletter edition approve "
            f"{edition.name}`."
        )
    if edition.approved_hash != approval_hash(session, edition, publication, site):
        raise NotApproved(
            f"Edition {edition.name} changed after its approval (issue, brand or templates): "
            "look at it again and approve it."
        )


def approval_hash(session: Session, edition: Edition, publication: Publication, site: Site) -> str:
    """Hash everything that decides the bytes: issue, brand, templates and renderers."""
    issue = current_issue(session, edition)
    parts = (
        issue.model_dump(mode="json", by_alias=True),
        inputs_digest(publication, site),
    )
    return sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
