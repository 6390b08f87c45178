"""What comes back: raw bytes first, then events, hits and who clicked what."""

from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class InboxItem(SQLModel, table=True):
    """One verified webhook request, kept as it came until the worker has read it."""

    __tablename__ = "inbox_item"
    __table_args__ = (
        Index(
            "ix_inbox_waiting",
            "id",
            sqlite_where=text("processed_at IS NULL"),
            postgresql_where=text("processed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    received_at: float
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    done: int = 0
    """Events of the body worked through: a long one takes several transactions."""
    attempts: int = 0
    """Times that the database failed while it was worked through alone."""
    processed_at: float | None = None
    error: str | None = None
    """Why it could not be read; its body stays."""
    digest: str | None = Field(default=None, unique=True)
    """Of a returned mail: taken in once, whoever finds it, and however often."""


class Event(SQLModel, table=True):
    """One normalised event; the same event twice is one row."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("provider", "provider_event_id", name="uq_event_provider_id"),
        UniqueConstraint("content_key", name="uq_event_content"),
        Index("ix_event_subscriber", "subscriber_id", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    provider_event_id: str | None = None
    content_key: str
    """Hash over (delivery, event, timestamp, url): retries may carry a new event id."""
    kind: str
    """accepted, deferred, delivered, bounced, dropped, complained, unsubscribed, …, unknown"""
    edition_id: int | None = None
    subscriber_id: int | None = None
    at: float
    code: str | None = None
    """Enhanced status code (RFC 3463)."""
    bounce_kind: str | None = None
    """hard, soft, block, message or dropped."""
    reason: str | None = None
    raw: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class Hit(SQLModel, table=True):
    """One request for the pixel or a link, until the worker has judged it (person or machine)."""

    __tablename__ = "hit"
    __table_args__ = (Index("ix_hit_delivery", "edition_id", "subscriber_id"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    """open or click"""
    edition_id: int
    subscriber_id: int | None = None
    """None for readers who are only counted."""
    link: int | None = None
    at: float = Field(index=True)
    method: str
    user_agent: str


class LinkReader(SQLModel, table=True):
    """That one reader clicked one link: counted once per reader, and in total."""

    __tablename__ = "link_reader"

    edition_id: int = Field(foreign_key="edition.id", primary_key=True)
    link: int = Field(primary_key=True)
    subscriber_id: int = Field(foreign_key="subscriber.id", primary_key=True)
    first_at: float
    people: int = 0
    """Clicks by a person."""
    machine: int = 0
    """Clicks by scanners."""


class EditionTally(SQLModel, table=True):
    """Opens and clicks that belong to the edition and to nobody in particular."""

    __tablename__ = "edition_tally"

    edition_id: int = Field(foreign_key="edition.id", primary_key=True)
    kind: str = Field(primary_key=True)
    """open or click"""
    link: int = Field(primary_key=True)
    """0 for opens"""
    people: int = 0
    machine: int = 0


class BounceTally(SQLModel, table=True):
    """What the bounce brake weighs: deliveries settled since the start, or since it last pulled.

    Kept beside the ledger because counting a million deliveries at every bounce would take longer
    than the bounces.
    """

    __tablename__ = "bounce_tally"

    edition_id: int = Field(foreign_key="edition.id", primary_key=True)
    settled: int = 0
    """Delivered, bounced or complained."""
    hard: int = 0
    """Of these, bounced hard."""


class LaneNews(SQLModel, table=True):
    """What a provider's events have told of one lane lately, each delivery counted once."""

    __tablename__ = "lane_news"

    provider: str = Field(primary_key=True)
    lane: str = Field(primary_key=True)
    since: float
    """When counting began, by the database's clock."""
    heard: int = 0
    """Deliveries that were delivered or put off."""
    put_off: int = 0


# The same tables for statements in bulk (Core rows).
INBOX_ITEM: Table = SQLModel.metadata.tables["inbox_item"]
EVENT: Table = SQLModel.metadata.tables["event"]
HIT: Table = SQLModel.metadata.tables["hit"]
LINK_READER: Table = SQLModel.metadata.tables["link_reader"]
EDITION_TALLY: Table = SQLModel.metadata.tables["edition_tally"]
BOUNCE_TALLY: Table = SQLModel.metadata.tables["bounce_tally"]
LANE_NEWS: Table = SQLModel.metadata.tables["lane_news"]
