"""Who calls: the tool behind a bearer token."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from newsletter.accounts import tokens
from newsletter.errors import TokenError
from newsletter.web.house import Here

bearer = HTTPBearer(auto_error=False, description="A token made by `newsletter token create`.")


@dataclass(frozen=True)
class Caller:
    """A tool; `name` stands in the audit log and beside approvals."""

    name: str


def caller_of(
    house: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller:
    """Let in who has a token; raises TokenError (401)."""
    if credentials is None:
        raise TokenError("Send a token: `Authorization: Bearer nl_…` (newsletter token create).")
    now = house.now()
    with house.database.reading() as session:
        token = tokens.authenticate(session, credentials.credentials)
    if token.is_use_due(now=now):
        house.database.transact(lambda session: tokens.note_use(session, token.id, now=now))
    return Caller(f"token:{token.name}")


Tool = Annotated[Caller, Depends(caller_of)]
