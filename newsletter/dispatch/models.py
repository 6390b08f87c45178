"""The ledger's tables: batches, deliveries, the provider's rate, notices."""

import secrets
from typing import Any

from sqlalchemy import JSON, Column, Index, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Batch(SQLModel, table=True):
    """Recipients of one variant, provider, lane and due time, handed over together."""

    __tablename__ = "batch"
    __table_args__ = (
        # The freeze finds the batch of a recipient by these.
        UniqueConstraint(
            "edition_id", "chunk", "variant", "lane", "ordinal", name="uq_batch_place"
        ),
        # Claim and sweep look only at what is open.
        Index(
            "ix_batch_open",
            "state",
            "due_at",
            sqlite_where=text("state IN ('ready', 'leased')"),
            postgresql_where=text("state IN ('ready', 'leased')"),
        ),
        # Not by edition first: PostgreSQL would take it for the key above, and read a whole edition.
        Index("ix_batch_edition", "state", "edition_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    edition_id: int = Field(foreign_key="edition.id")
    chunk: int
    """The freeze's chunk; negative for batches made later (retry, changed preferences)."""
    variant: str
    lane: str
    ordinal: int
    provider: str
    state: str
    due_at: float
    attempt: int = 0
    size: int
    """Rows put into it at first; rows may be moved out later."""
    handed_to: int = 0
    """Positions below this have been handed to the provider, or decided otherwise."""
    composition_id: int | None = Field(default=None, foreign_key="composition.id")
    """What its recipients were sent, recorded at the hand-off."""
    tells_later: bool | None = None
    """Whether its provider's events tell what became of its messages; None before anybody held it,
    or the batch that it was parted from."""
    token: str | None = None
    """The lease's fencing token; None when nobody holds it."""
    leased_until: float | None = None
    """By the database's clock."""
    put_off: str | None = None
    """Why its readers wait until it is handed off: what the provider said that would not take them."""
    put_off_since: float | None = None
    """When it said so first, by the database's clock."""

    @property
    def key(self) -> int:
        """The primary key of a stored batch."""
        assert self.id is not None
        return self.id


class Delivery(SQLModel, table=True):
    """One edition for one subscriber: the promise that nobody is left out or written to twice.

    It refers to rows without foreign keys, like a subscription: the freeze makes it out of the
    very rows that it refers to, and PostgreSQL would check them one by one, which took more than
    half of the freeze.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_batch", "batch_id", "position"),
        Index(
            "ix_delivery_unsure",
            "edition_id",
            sqlite_where=text("state = 'unsure'"),
            postgresql_where=text("state = 'unsure'"),
        ),
        Index("ix_delivery_subscriber", "subscriber_id"),
        {"sqlite_with_rowid": False},
    )

    edition_id: int = Field(primary_key=True)
    subscriber_id: int = Field(primary_key=True)
    batch_id: int
    position: int
    state: str
    tracking: str
    """linked, counted or off: how this mail was made."""
    reason: str | None = None
    """Why excluded, refused, failed or bounced: a code or the provider's words."""
    assumed: bool = False
    """Settled by policy without evidence."""
    unsure_at: float | None = None
    accepted_at: float | None = None
    delivered_at: float | None = None
    deferred_at: float | None = None
    bounced_at: float | None = None
    bounce_kind: str | None = None
    """hard, soft, block, message or dropped."""
    complained_at: float | None = None
    opened_at: float | None = None
    """First open by a person."""
    machine_opened_at: float | None = None
    """First automatic open (Apple, scanners; feedback/verdict.py)."""
    clicked_at: float | None = None
    unsubscribed_at: float | None = None


class ProviderRate(SQLModel, table=True):
    """GCRA's one number per provider and lane, shared by every worker."""

    __tablename__ = "provider_rate"

    provider: str = Field(primary_key=True)
    lane: str = Field(primary_key=True)
    """A recipient domain group, `all`, or `notices` (their reserved slot)."""
    arrival: float
    """Theoretical arrival time of the next message, by the database's clock."""
    slowness: int = 0
    """Steps by which the lane was slowed down at `slowed_at`, since its servers deferred."""
    slowed_at: float = 0.0
    """When that was set, by the database's clock; it wears off from then on."""


class Notice(SQLModel, table=True):
    """One small mail to one person: confirmation, invitation, alert."""

    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "ix_notice_open",
            "due_at",
            sqlite_where=text("state IN ('queued', 'leased')"),
            postgresql_where=text("state IN ('queued', 'leased')"),
        ),
        Index("ix_notice_subscriber", "subscriber_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    publication_id: int = Field(foreign_key="publication.id")
    kind: str
    subscriber_id: int | None = Field(default=None, foreign_key="subscriber.id")
    email: str
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What its words need; never a token: those are minted when it is sent."""
    dedupe_key: str | None = Field(default=None, unique=True)
    state: str = "queued"
    due_at: float
    attempt: int = 0
    token: str | None = None
    leased_until: float | None = None
    created_at: float
    sent_at: float | None = None
    error: str | None = None

    @property
    def key(self) -> int:
        """The primary key of a stored notice."""
        assert self.id is not None
        return self.id


class AlertPost(SQLModel, table=True):
    """One alert on its way to the web hook, if one is set."""

    __tablename__ = "alert_post"

    id: int | None = Field(default=None, primary_key=True)
    message_id: str = Field(default_factory=lambda: secrets.token_hex(16))
    """What the receiver knows it by; a row's id comes again on SQLite once the row is gone."""
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: float
    due_at: float
    """While it is tried, the time when somebody else may."""
    attempt: int = 0
    sent_at: float | None = None


# The same tables for statements in bulk (Core rows).
ALERT_POST: Table = SQLModel.metadata.tables["alert_post"]
BATCH: Table = SQLModel.metadata.tables["batch"]
DELIVERY: Table = SQLModel.metadata.tables["delivery"]
NOTICE: Table = SQLModel.metadata.tables["notice"]
PROVIDER_RATE: Table = SQLModel.metadata.tables["provider_rate"]
