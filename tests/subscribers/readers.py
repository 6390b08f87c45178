"""A reader's life in a few words, for the tests of this wing."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, column, values
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from newsletter.database import Database
from subscribers import imports, signup
from subscribers.addresses import parse
from subscribers.audience import STANDING, beside_standing
from subscribers.consent import Agreement
from subscribers.imports import ImportPlan, ImportReport
from subscribers.models import ConsentRecord, Subscriber, Subscription, Suppression
from subscribers.signup import Answer, MailToSend, Request, SignupPolicy

NOW = 1_790_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
FORM = Agreement(source="form", wording="Send me the letter.", wording_version="1")
CLICK = Agreement(source="one-click")


def hash_of(key: str) -> str:
    return hashlib.blake2b(key.encode(), key=b"of these tests").hexdigest()


def standings(
    session: Session, publication_id: int, subscriber_ids: Collection[int]
) -> dict[int, Any]:
    """How readers stand, asked as the dispatcher asks at hand-off: reason, email and wishes."""
    if not subscriber_ids:
        return {}  # VALUES takes one at least
    asked = values(column("subscriber_id", Integer), name="asked").data(
        [(subscriber_id,) for subscriber_id in subscriber_ids]
    )
    rows = asked.cte("asked")
    found = session.execute(
        sql_select(rows.c.subscriber_id, *STANDING).select_from(
            beside_standing(rows, publication_id)
        )
    )
    return {row.subscriber_id: row for row in found}


@dataclass
class Readers:
    """The wing over one publication; each call is one transaction, as at the doors."""

    database: Database
    publication_id: int
    folder: Path

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that keeps one connection, as an import needs it."""
        with (
            self.database.engine.execution_options(begin="BEGIN IMMEDIATE").connect() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session
            session.commit()

    def ask(self, email: str, *, now: float = NOW, **more: Any) -> Answer:
        policy = more.pop("policy", SignupPolicy())
        asked = Request(email=email, source="form", **more)
        with self.session() as session:
            return signup.request(
                session, self.publication_id, asked, policy, hash_of=hash_of, now=now
            )

    def confirm(self, mail: MailToSend | None, *, now: float = NOW, **more: Any) -> Subscription:
        assert mail is not None
        more.setdefault("tracking", None)
        with self.session() as session:
            return signup.confirm(session, mail, FORM, hash_of=hash_of, now=now, **more)

    def subscribe(self, email: str, *, now: float = NOW, **more: Any) -> int:
        """Sign up and confirm; return the subscriber's id."""
        return self.confirm(self.ask(email, now=now).mail, now=now, **more).subscriber_id

    def do(self, act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        with self.session() as session:
            return act(session, *arguments, **named)

    def subscriber(self, email: str) -> Subscriber:
        with self.session() as session:
            key = parse(email).key
            return session.exec(select(Subscriber).where(col(Subscriber.email_key) == key)).one()

    def subscription(self, email: str) -> Subscription:
        with self.session() as session:
            return session.exec(
                select(Subscription)
                .join(Subscriber, col(Subscriber.id) == col(Subscription.subscriber_id))
                .where(
                    col(Subscriber.email_key) == parse(email).key,
                    col(Subscription.publication_id) == self.publication_id,
                )
            ).one()

    def records(self) -> list[ConsentRecord]:
        with self.session() as session:
            return list(session.exec(select(ConsentRecord).order_by(col(ConsentRecord.id))))

    def suppressions(self) -> list[Suppression]:
        with self.session() as session:
            return list(session.exec(select(Suppression).order_by(col(Suppression.id))))

    def file(self, text: str, name: str = "readers.csv") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def bring_in(self, text: str | Path, *, now: float = NOW, **plan: Any) -> ImportReport:
        return self._bulk(imports.import_readers, text, now=now, **plan)

    def rehearse(self, text: str | Path, *, now: float = NOW, **plan: Any) -> ImportReport:
        report = self._bulk(imports.rehearse, text, now=now, **plan)
        return replace(report, examples={})

    def _bulk(
        self, act: Callable[..., ImportReport], text: str | Path, **plan: Any
    ) -> ImportReport:
        path = text if isinstance(text, Path) else self.file(text)
        now = plan.pop("now")
        plan.setdefault("consent", "asked at the fair")
        with self.database.importing() as hands:
            return act(
                hands,
                path,
                ImportPlan(publication_id=self.publication_id, **plan),
                rejected=self.folder / "rejected.csv",
                hash_of=hash_of,
                now=now,
                checkpoint=Session.commit,
            )
