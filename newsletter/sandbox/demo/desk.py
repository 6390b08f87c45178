"""What the demo does as an editor: the same functions as the commands and the API call."""

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import Session

from emails.composition import Composition, Finding
from emails.issue import Issue
from emails.preflight import filled_size
from newsletter.database import Database
from newsletter.dispatch.models import BATCH, DELIVERY
from newsletter.dispatch.progress import count_states
from newsletter.dispatch.settle import settle_by_resend
from newsletter.dispatch.states import BatchState, DeliveryState
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.editions.preflight import preflight
from newsletter.editions.schedule import schedule
from newsletter.feedback.duty import work_off_inbox
from newsletter.feedback.models import HIT
from newsletter.publications import Publication
from newsletter.reports.report import EditionReport, edition_report
from newsletter.sandbox.samples import SampleEdition
from newsletter.site import Site
from subscribers.imports import ImportPlan, ImportReport, import_readers
from subscribers.models import SUBSCRIBER

EDITOR = "the demo"
CONSENT = "invented for the demo"


@dataclass(frozen=True)
class Proof:
    """A composed edition, as its editor sees it before approving."""

    composition: Composition
    size: int
    """Octets of the HTML, slots filled."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors


@dataclass(frozen=True)
class Lease:
    """A batch that a worker holds."""

    batch_id: int
    token: str


@dataclass(frozen=True)
class Desk:
    """An editor's hands on the demo's database."""

    database: Database
    site: Site
    publication_id: int

    # -- before the send

    def import_readers(self, csv: Path) -> ImportReport:
        with self.database.importing() as sessions:
            return import_readers(
                sessions,
                csv,
                ImportPlan(self.publication_id, CONSENT),
                rejected=None,
                hash_of=self.site.signer.keyed_hash,
                now=time.time(),
                checkpoint=Session.commit,
            )

    def import_sample(self, sample: SampleEdition, *, archive_only: bool) -> int:
        """Store a sample edition; return its id."""
        return self._import(sample.issue, sample.source, archive_only=archive_only)

    def import_next(self, last: Issue) -> int:
        """Store the edition of the day after `last`: its essay alone."""
        essay = last.sections[0].model_dump(mode="json", by_alias=True, exclude_none=True)
        issue = Issue.model_validate(
            {
                "date": last.date + dt.timedelta(days=1),
                "title": "The morning after",
                "sections": [essay],
            }
        )
        return self._import(issue, issue.model_dump_json(by_alias=True), archive_only=False)

    def compose(self, edition_id: int) -> Proof:
        """Compose what most readers get, and look it over."""

        def work(session: Session) -> Proof:
            edition, publication = self._find(session, edition_id)
            composition, findings = preflight(session, edition, publication, self.site)
            return Proof(composition, filled_size(composition), findings)

        return self.database.transact(work)

    def approve_and_send(self, edition_id: int, *, limit: int | None = None) -> None:
        """Approve an edition and let the worker send it now, to the first `limit` readers."""

        def work(session: Session) -> None:
            now = time.time()
            edition, publication = self._find(session, edition_id)
            approve(session, edition, publication, self.site, by=EDITOR, now=now)
            edition.audience_limit = limit
            schedule(session, edition, publication, self.site, at=now, now=now)

        self.database.transact(work)

    # -- while it is sent

    def states(self, edition_id: int) -> dict[str, int]:
        """A count for every delivery state."""
        with self.database.reading() as session:
            return count_states(session, edition_id)

    def status(self, edition_id: int) -> str:
        with self.database.reading() as session:
            return session.get_one(Edition, edition_id).state

    def leases(self, edition_id: int) -> frozenset[Lease]:
        """The batches that workers hold."""
        held = select(BATCH.c.id, BATCH.c.token).where(
            BATCH.c.edition_id == edition_id, BATCH.c.state == BatchState.LEASED
        )
        with self.database.reading() as session:
            return frozenset(Lease(*row) for row in session.execute(held))

    def unanswered(self, edition_id: int) -> int:
        """Deliveries that were handed to the provider, who hasn't said anything of them yet."""
        handed = (
            select(func.count())
            .select_from(DELIVERY)
            .join(BATCH, BATCH.c.id == DELIVERY.c.batch_id)
            .where(
                DELIVERY.c.edition_id == edition_id,
                DELIVERY.c.state == DeliveryState.QUEUED,
                DELIVERY.c.position < BATCH.c.handed_to,
            )
        )
        with self.database.reading() as session:
            return int(session.execute(handed).scalar_one())

    def resend_unsure(self, edition_id: int) -> int:
        """As `newsletter edition resolve --resend`: every webhook first, then what is in doubt."""
        work_off_inbox(self.database, now=time.time())
        return self.database.transact(lambda session: settle_by_resend(session, edition_id))

    # -- afterwards

    def report(self, edition_id: int) -> EditionReport:
        with self.database.reading() as session:
            return edition_report(session, session.get_one(Edition, edition_id))

    def unjudged_hits(self) -> int:
        """Opens and clicks that wait for their verdict."""
        with self.database.reading() as session:
            return int(session.execute(select(func.count()).select_from(HIT)).scalar_one())

    def first_reader(self, edition_id: int, tracking: str) -> str:
        """The address of the first reader who has the edition, tracked in this way."""
        found = (
            select(SUBSCRIBER.c.email)
            .join(DELIVERY, DELIVERY.c.subscriber_id == SUBSCRIBER.c.id)
            .where(
                DELIVERY.c.edition_id == edition_id,
                DELIVERY.c.state == DeliveryState.DELIVERED,
                DELIVERY.c.tracking == tracking,
            )
            .order_by(SUBSCRIBER.c.id)
            .limit(1)
        )
        with self.database.reading() as session:
            return str(session.execute(found).scalar_one())

    def _import(self, issue: Issue, source: str, *, archive_only: bool) -> int:
        def work(session: Session) -> int:
            publication = session.get_one(Publication, self.publication_id)
            imported = import_issue(
                session,
                publication,
                issue,
                source=source,
                author=EDITOR,
                now=time.time(),
                archive_only=archive_only,
            )
            return imported.edition.key

        return self.database.transact(work)

    def _find(self, session: Session, edition_id: int) -> tuple[Edition, Publication]:
        edition = session.get_one(Edition, edition_id)
        return edition, session.get_one(Publication, edition.publication_id)
