"""What is stored of an edition: itself, its revisions, its links, its compositions."""

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Index, Table, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from newsletter.editions.states import EditionState
from newsletter.errors import NotFound


class Edition(SQLModel, table=True):
    """The dated, stored, sent thing."""

    __tablename__ = "edition"
    __table_args__ = (
        Index(
            "uq_edition_live",
            "publication_id",
            "date",
            "slug",
            unique=True,
            sqlite_where=text("state <> 'cancelled'"),
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index("ix_edition_state", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    publication_id: int = Field(foreign_key="publication.id")
    date: dt.date
    slug: str = ""
    """Empty but for a second edition on one date."""
    number: int | None = None
    title: str = ""
    """What the archive's list shows: the title, else the subject."""
    state: str = EditionState.DRAFT
    revision: int = 0
    """The current revision's number; the first is 1."""
    numbered_revision: int = 0
    """The last revision whose links have their numbers."""
    created_at: float
    updated_at: float

    approved_hash: str | None = None
    """Over issue, brand and templates; None when nobody approved these bytes."""
    approved_by: str | None = None
    approved_at: float | None = None
    accepted_warnings: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    scheduled_at: float | None = None
    not_after: float | None = None
    """Whoever has not got it by then does not get it (expired)."""
    audience_limit: int | None = None

    frozen_upto: int | None = None
    """The last subscriber id that the freeze has looked at; None before the freeze."""
    frozen_at: float | None = None
    """When the audience was complete."""
    recipients: int = 0
    started_at: float | None = None
    finished_at: float | None = None
    hold_reason: str | None = None
    """Why it is paused, or why it will not go out when due."""
    archive_only: bool = False

    @property
    def key(self) -> int:
        """The primary key of a stored edition."""
        if self.id is None:
            raise NotFound("This edition is not stored yet.")
        return self.id

    @property
    def name(self) -> str:
        """DATE or DATE/SLUG, as commands and addresses write it."""
        return f"{self.date.isoformat()}/{self.slug}" if self.slug else self.date.isoformat()


class Revision(SQLModel, table=True):
    """One version of an edition's issue, kept for ever."""

    __tablename__ = "revision"

    edition_id: int = Field(foreign_key="edition.id", primary_key=True)
    number: int = Field(primary_key=True)
    issue: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    """The file as it came, for the editor to go on with."""
    author: str
    created_at: float


class EditionLink(SQLModel, table=True):
    """Link N of an edition: the same number for the same URL in every revision and variant."""

    __tablename__ = "edition_link"
    __table_args__ = (UniqueConstraint("edition_id", "url", name="uq_edition_link_url"),)

    edition_id: int = Field(foreign_key="edition.id", primary_key=True)
    number: int = Field(primary_key=True)
    url: str = Field(sa_column=Column(Text, nullable=False))
    label: str = Field(sa_column=Column(Text, nullable=False))


class StoredComposition(SQLModel, table=True):
    """One variant of one revision, composed once; what every recipient of it got."""

    __tablename__ = "composition"
    __table_args__ = (
        UniqueConstraint(
            "edition_id", "revision", "variant", "inputs", name="uq_composition_variant"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    edition_id: int = Field(foreign_key="edition.id")
    revision: int
    variant: str
    inputs: str
    """Digest of the brand, addresses and templates that it was made with."""
    digest: str
    body: str = Field(sa_column=Column(Text, nullable=False))
    """The composition as JSON."""
    created_at: float


COMPOSITION: Table = SQLModel.metadata.tables["composition"]
EDITION: Table = SQLModel.metadata.tables["edition"]
