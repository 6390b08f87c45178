"""Who may act, and who did what."""

from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class ApiToken(SQLModel, table=True):
    """A bearer token of an editor's tool; only its hash is kept."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    hash: str = Field(unique=True)
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
