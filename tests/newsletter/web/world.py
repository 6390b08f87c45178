"""The site on a real server (uvicorn in a thread, a port of its own), seen from both sides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlmodel import col, select
from starlette.types import ASGIApp

from emails.issue_files import parse_issue
from newsletter.database import Database
from newsletter.dispatch.models import Notice
from newsletter.editions.approval import approve
from newsletter.editions.library import import_issue
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from newsletter.editions.variants import Variant, composed
from newsletter.publications import Publication
from newsletter.settings import Settings
from newsletter.site import Site
from newsletter.web.app import create_app
from newsletter.web.serving import serving
from subscribers import signup, suppression
from subscribers.consent import Agreement
from subscribers.models import ConsentRecord, Subscription, SuppressionReason, Tracking
from subscribers.signup import MailKind, MailToSend, SignupPolicy
from tests.newsletter.dispatch.batches import add_batch

NOW = 1_800_000_000.0


def issue_yaml(date: str, title: str, *, slug: str | None = None, body: str = "") -> str:
    """A small edition file with a link to https://example.org/a."""
    return f"""\
schema: 1
date: {date}
slug: {slug or "null"}
title: {title}
sections:
  - kind: essay
    body: |
      {body or "The first paragraph of the day."}
  - kind: links
    heading: AI Labs
    topic: labs
    items:
      - title: A headline
        url: https://example.org/a
        source: Some Lab
"""


@dataclass
class Clock:
    """The site's time, moved by the tests."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class World:
    """The site's database, seen from inside."""

    database: Database
    publication_id: int
    clock: Clock
    settings: Settings

    @property
    def site(self) -> Site:
        return Site.of(self.settings)

    def reader(self, email: str = "ada@example.org", **values: Any) -> int:
        """An active subscriber's id; `values` are set on the subscription."""
        with self.database.writing() as session:
            answer = signup.request(
                session,
                self.publication_id,
                signup.Request(email, source="form"),
                SignupPolicy(),
                hash_of=self.site.signer.keyed_hash,
                now=self.clock() - 86_400,
            )
            assert answer.mail is not None
            mailed = MailToSend(MailKind.CONFIRM, answer.mail.subscriber_id, self.publication_id, 0)
            subscription = signup.confirm(
                session,
                mailed,
                Agreement("form"),
                tracking=Tracking.COUNTED,
                hash_of=self.site.signer.keyed_hash,
                now=self.clock() - 80_000,
            )
            subscription.sqlmodel_update(values)
            return mailed.subscriber_id

    def delivery_token(self, edition_id: int, subscriber_id: int) -> str:
        """What stands in the links of a reader's mail."""
        return self.site.delivery_tokens(edition_id)(subscriber_id)

    def subscription(self, subscriber_id: int) -> Subscription:
        with self.database.reading() as session:
            return session.get_one(Subscription, (subscriber_id, self.publication_id))

    def consents(self, subscriber_id: int, *, granted: bool) -> list[ConsentRecord]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(ConsentRecord)
                    .where(
                        ConsentRecord.subscriber_id == subscriber_id,
                        ConsentRecord.granted == granted,
                    )
                    .order_by(col(ConsentRecord.id))
                )
            )

    def suppress(self, email_key: str) -> None:
        with self.database.writing() as session:
            suppression.suppress(
                session, email_key, SuppressionReason.HARD_BOUNCE, now=self.clock()
            )

    def edition(
        self,
        date: str = "2026-11-22",
        title: str = "A Quiet Day",
        *,
        state: EditionState = EditionState.SENT,
        slug: str | None = None,
    ) -> int:
        """A stored, approved edition's id."""
        with self.database.writing() as session:
            publication = session.get_one(Publication, self.publication_id)
            source = issue_yaml(date, title, slug=slug)
            issue = parse_issue(source, name="test").issue
            edition = import_issue(
                session, publication, issue, source=source, author="test", now=self.clock()
            ).edition
            approve(session, edition, publication, self.site, by="test", now=self.clock())
            edition.state = state
            session.add(edition)
            return edition.key

    def correct(self, date: str, title: str) -> None:
        """Import another issue for an edition's date."""
        with self.database.writing() as session:
            publication = session.get_one(Publication, self.publication_id)
            source = issue_yaml(date, title)
            issue = parse_issue(source, name="test").issue
            import_issue(
                session, publication, issue, source=source, author="test", now=self.clock()
            )

    def approve(self, edition_id: int) -> None:
        with self.database.writing() as session:
            publication = session.get_one(Publication, self.publication_id)
            edition = session.get_one(Edition, edition_id)
            approve(session, edition, publication, self.site, by="test", now=self.clock())

    def mail_out(self, edition_id: int) -> None:
        """Leave behind the batch of an edition whose present revision was handed off."""
        with self.database.writing() as session:
            publication = session.get_one(Publication, self.publication_id)
            edition = session.get_one(Edition, edition_id)
            mailed, _ = composed(session, edition, publication, Variant("counted"), self.site)
            add_batch(session, edition_id, variant="counted", composition_id=mailed)

    def notices(self) -> list[Notice]:
        with self.database.reading() as session:
            return list(session.exec(select(Notice).order_by(col(Notice.id))))

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        """The site, served; what it has recorded is stored when the block ends."""

        def make(address: str) -> ASGIApp:
            self.settings = self.settings.model_copy(update={"base_url": address})
            return create_app(self.settings, self.database, now=self.clock)

        with serving(make) as address, httpx.Client(base_url=address, timeout=60.0) as client:
            yield client
