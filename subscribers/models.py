"""The tables of people and consent.

Times are seconds UTC since 1970. The publication is known by its foreign key only. Words in
columns (`state`, `reason`, …) are the values of the enumerations in `words.py`.
"""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from subscribers.words import ConsentKind, Lane, State, SuppressionReason, Tracking

__all__ = [
    "CONSENT_RECORD", "HAPPENING", "IMPORT_RUN", "SUBSCRIBER", "SUBSCRIPTION", "SUPPRESSION",
    "THROTTLE", "ConsentKind", "ConsentRecord", "Happening", "ImportRun", "Lane", "State",
    "Subscriber", "Subscription", "Suppression", "SuppressionReason", "Throttle", "Tracking",
]  # fmt: skip

Json = JSON().with_variant(JSONB(), "postgresql")


def _one_of(column: str, values: type[StrEnum], name: str) -> CheckConstraint:
    # Not IN (…): SQLite builds that list anew for every row, which made imports thrice as slow.
    return CheckConstraint(" OR ".join(f"{column} = '{value}'" for value in values), name=name)


class Subscriber(SQLModel, table=True):
    """A person by their address. A tombstone (`erased_at`) keeps the id and nothing personal.

    An id names one person for ever: mailed links carry it. PostgreSQL's sequence never gives one
    twice; SQLite gives the highest again once its row is deleted, unless told otherwise.
    """

    __tablename__: ClassVar[str] = "subscriber"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_subscriber"),
        Index("uq_subscriber_email_key", "email_key", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    email: str | None = None
    """As entered; None for a tombstone."""
    email_key: str | None = None
    """Case-folded, one reader each; None for a tombstone."""
    name: str = ""
    language: str = ""
    """BCP 47; empty: the publication's."""
    time_zone: str = ""
    """IANA name; empty: the publication's."""
    attributes: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column("attributes", Json, nullable=False)
    )
    tags: list[str] = Field(default_factory=list, sa_column=Column("tags", Json, nullable=False))
    link_epoch: int = 0
    """Raised when a mailed link (erasure, export, tracking) is used: each works once."""
    created_at: float
    erased_at: float | None = None


class ConsentRecord(SQLModel, table=True):
    """What was agreed or withdrawn, when and from where.

    Append-only: rows are never changed, but for an `ip` whose time is over and the `ip` and `note`
    of somebody erased. An import's consent is one row without subscriber that its subscriptions
    point at.
    """

    __tablename__: ClassVar[str] = "consent_record"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_consent_record"),
        ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name="fk_consent_record_subscriber"
        ),
        ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name="fk_consent_record_publication"
        ),
        _one_of("kind", ConsentKind, "ck_consent_record_kind"),
        Index("ix_consent_record_subscriber", "subscriber_id", "at"),
        # Retention looks only at what still has one.
        Index(
            "ix_consent_record_ip",
            "at",
            sqlite_where=text("ip <> ''"),
            postgresql_where=text("ip <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int | None = None
    publication_id: int
    kind: str
    granted: bool
    at: float
    source: str
    """form, import, api, preferences, one-click, page, feedback, editor."""
    wording: str = ""
    wording_version: str = ""
    ip: str = ""
    note: str = ""


class Subscription(SQLModel, table=True):
    """A reader's subscription to one publication.

    The key is (subscriber_id, publication_id), in this order: a person's subscriptions lie side
    by side, and a publication's are found by the audience index.

    It refers to rows without foreign keys: PostgreSQL checks those row by row, which takes six
    times as long as the row itself, and what it refers to is never deleted (somebody erased
    leaves a tombstone, consent records are only added).
    """

    __tablename__: ClassVar[str] = "subscription"
    __table_args__ = (
        PrimaryKeyConstraint("subscriber_id", "publication_id", name="pk_subscription"),
        _one_of("state", State, "ck_subscription_state"),
        _one_of("tracking", Tracking, "ck_subscription_tracking"),
        _one_of("lane", Lane, "ck_subscription_lane"),
        Index(
            "ix_subscription_audience",
            "publication_id",
            "mailable",
            "subscriber_id",
            "tracking",
            "muted",
            "lane",
        ),
        Index(
            "ix_subscription_paused_until",
            "paused_until",
            sqlite_where=text("state = 'paused'"),
            postgresql_where=text("state = 'paused'"),
        ),
        # Few mute anything: an index of those alone costs the others nothing.
        Index(
            "ix_subscription_muted",
            "publication_id",
            "mailable",
            "muted",
            "tracking",
            sqlite_where=text("muted <> ''"),
            postgresql_where=text("muted <> ''"),
        ),
        Index(
            "ix_subscription_pending",
            "created_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        {"sqlite_with_rowid": False},
    )

    subscriber_id: int = Field(primary_key=True)
    publication_id: int = Field(primary_key=True)
    state: str = State.PENDING
    mailable: bool = False
    """Active and not suppressed; written by `suppression.refresh_mailable` and by imports only."""
    tracking: str = Tracking.COUNTED
    muted: str = ""
    """Topic keys, sorted, joined by one space."""
    lane: str = Lane.OTHER
    consent_id: int | None = None
    """The record that explains the state: the grant it stands on, or the withdrawal."""
    paused_until: float | None = None
    created_at: float
    confirmed_at: float | None = None
    """When the consent that it stands on was given; None: never was."""
    ended_at: float | None = None
    end_reason: str = ""
    source: str = ""
    confirm_epoch: int = 0
    """Raised when a confirmation is used or void: the links mailed before work no more."""


class Suppression(SQLModel, table=True):
    """An address that gets no mail from any publication, while `lifted_at` is None.

    `email_key` is the case-folded address; of somebody erased only its keyed hash is kept
    (`addresses.hashed_key`), which has no @ and so is never taken for an address.
    """

    __tablename__: ClassVar[str] = "suppression"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_suppression"),
        _one_of("reason", SuppressionReason, "ck_suppression_reason"),
        Index("ix_suppression_email_key", "email_key"),
        Index(
            "uq_suppression_live",
            "email_key",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    email_key: str
    reason: str
    source: str = ""
    note: str = ""
    created_at: float
    lifted_at: float | None = None
    lifted_by: str = ""


class Happening(SQLModel, table=True):
    """What happened to a reader that is no consent: asked, muted topics, paused, came by an import.

    Only ever added to; deleted when the reader is erased. The timeline (`timeline.py`) is made of
    these and of what the other tables tell.
    """

    __tablename__: ClassVar[str] = "happening"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_happening"),
        ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_happening_subscriber"),
        Index("ix_happening_subscriber", "subscriber_id", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscriber_id: int
    publication_id: int | None = None
    at: float
    what: str
    source: str = ""
    note: str = ""


class Throttle(SQLModel, table=True):
    """How often something happened since `window_start`; forgotten after `expires_at`."""

    __tablename__: ClassVar[str] = "throttle"
    __table_args__ = (
        PrimaryKeyConstraint("key", name="pk_throttle"),
        Index("ix_throttle_expires_at", "expires_at"),
    )

    key: str = Field(primary_key=True)
    window_start: float
    count: int
    expires_at: float


class ImportRun(SQLModel, table=True):
    """How far an import of a file has come, so that it resumes there after a crash."""

    __tablename__: ClassVar[str] = "import_run"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_import_run"),
        ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name="fk_import_run_publication"
        ),
        ForeignKeyConstraint(
            ["consent_id"], ["consent_record.id"], name="fk_import_run_consent_record"
        ),
        ForeignKeyConstraint(
            ["withdrawal_id"], ["consent_record.id"], name="fk_import_run_withdrawal"
        ),
        Index("ix_import_run_fingerprint", "publication_id", "fingerprint"),
    )

    id: int | None = Field(default=None, primary_key=True)
    publication_id: int
    fingerprint: str
    """Hash over the file's content, the mapping and the plan: the same import has the same."""
    consent_id: int | None = None
    """What the file's subscribed readers agreed to, as one record."""
    withdrawal_id: int | None = None
    """The same for those who, as the file says, left."""
    done: list[int] = Field(sa_column=Column("done", Json, nullable=False))
    """Rows worked through, in the order of their address keys: up to there each part of the run has
    stored its chunks, which take turns. One that is stored by one hand alone has one part."""
    counts: dict[str, int] = Field(
        default_factory=dict, sa_column=Column("counts", Json, nullable=False)
    )
    started_at: float
    finished_at: float | None = None

    @property
    def key(self) -> int:
        """The primary key of a stored run."""
        assert self.id is not None
        return self.id


# The same tables for statements in bulk, where objects are ten times slower (Core rows).
SUBSCRIBER: Table = SQLModel.metadata.tables["subscriber"]
CONSENT_RECORD: Table = SQLModel.metadata.tables["consent_record"]
SUBSCRIPTION: Table = SQLModel.metadata.tables["subscription"]
SUPPRESSION: Table = SQLModel.metadata.tables["suppression"]
HAPPENING: Table = SQLModel.metadata.tables["happening"]
THROTTLE: Table = SQLModel.metadata.tables["throttle"]
IMPORT_RUN: Table = SQLModel.metadata.tables["import_run"]
