"""API tokens: an editor's tool shows one as its bearer token (RFC 6750).

A token is 256 random bits, shown once. Only its SHA-256 is kept: a fast hash is enough for what
nobody can guess.
"""

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from sqlmodel import Session, col, select

from newsletter.accounts.models import ApiToken, Scope
from newsletter.errors import NotAllowed, NotFound, TokenError

PREFIX = "nl_"
"""Lets secret scanners, and people, see what it is."""
TOKEN_BYTES = 32
USE_GRAIN = 60.0
"""Seconds: how exact `last_used_at` is, so that not every request writes."""
USUAL_SCOPES = (Scope.EDITIONS, Scope.SIGNUPS)
"""Of a token for which nobody says otherwise: nothing that shows who reads."""


@dataclass(frozen=True)
class NewToken:
    """A token just made: `text` is shown now or never."""

    id: int
    name: str
    text: str


@dataclass(frozen=True)
class KnownToken:
    """A token that was presented and is good."""

    id: int
    name: str
    scopes: frozenset[str]
    last_used_at: float | None

    def require(self, scope: Scope) -> None:
        """Raise NotAllowed unless the token is for this."""
        if scope not in self.scopes:
            raise NotAllowed(
                f"The token {self.name!r} is not for {scope}, only for "
                f"{', '.join(sorted(self.scopes))}. Make one that is: "
                f"newsletter token create NAME --scope {scope}."
            )

    def is_use_due(self, *, now: float) -> bool:
        """Whether `last_used_at` is old enough to be written again."""
        return self.last_used_at is None or now - self.last_used_at >= USE_GRAIN


def create(
    session: Session, *, name: str, now: float, scopes: Collection[Scope] = USUAL_SCOPES
) -> NewToken:
    """Make a token for the tool called `name`, good for `scopes` and nothing else."""
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    kept = " ".join(sorted(set(scopes)))
    row = ApiToken(name=name, hash=_hash(text), scopes=kept, created_at=now)
    session.add(row)
    session.flush()
    assert row.id is not None
    return NewToken(row.id, name, text)


def authenticate(session: Session, text: str) -> KnownToken:
    """Return the token that was presented.

    Raises:
        TokenError: unknown or revoked; which of the two is not said.
    """
    wanted = _hash(text)
    row = session.exec(select(ApiToken).where(ApiToken.hash == wanted)).one_or_none()
    # The index finds by hash, which tells a guesser nothing; the last word is constant-time.
    if row is None or not hmac.compare_digest(row.hash, wanted) or row.revoked_at is not None:
        raise TokenError("This API token is unknown or was revoked. Make one: newsletter token.")
    assert row.id is not None
    return KnownToken(row.id, row.name, frozenset(row.scopes.split()), row.last_used_at)


def note_use(session: Session, token_id: int, *, now: float) -> None:
    """Remember when a token was last used."""
    row = session.get(ApiToken, token_id)
    if row is not None:
        row.last_used_at = now
        session.add(row)


def revoke(session: Session, token_id: int, *, now: float) -> ApiToken:
    """Let a token work no more; repeating it changes nothing. Raises NotFound."""
    row = session.get(ApiToken, token_id)
    if row is None:
        raise NotFound(f"There is no token {token_id}. `newsletter token list` shows which are.")
    row.revoked_at = row.revoked_at or now
    session.add(row)
    return row


def list_tokens(session: Session) -> list[ApiToken]:
    """Every token, the newest first, revoked ones too."""
    return list(session.exec(select(ApiToken).order_by(col(ApiToken.id).desc())))


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
