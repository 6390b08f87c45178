"""Who may act, and who did what."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class Scope(StrEnum):
    """What a token may be for (RFC 6749 §3.3)."""

    EDITIONS = "editions"
    """Import, approve and send editions, and see how they fare."""
    SIGNUPS = "signups"
    """Ask an address to confirm a subscription."""
    READERS = "readers"
    """See what is kept about readers."""


class ApiToken(SQLModel, table=True):
    """A bearer token of an editor's tool; only its hash is kept."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    hash: str = Field(unique=True)
    scopes: str
    """What it is for, sorted, joined by one space."""
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None


class AuditEntry(SQLModel, table=True):
    """One act of an editor or an editor's tool; append-only."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: float = Field(index=True)
    actor: str
    act: str
    subject: str
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
