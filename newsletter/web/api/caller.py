"""Who calls: the tool behind a bearer token, and whether the token is for what it wants."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from newsletter.accounts import tokens
from newsletter.accounts.models import Scope
from newsletter.errors import TokenError
from newsletter.web.house import Here

bearer = HTTPBearer(auto_error=False, description="A token made by `newsletter token create`.")


@dataclass(frozen=True)
class Caller:
    """A tool; `name` stands in the audit log and beside approvals."""

    name: str


def caller_with(scope: Scope) -> Callable[..., Caller]:
    """Make the dependency that lets in whose token is for `scope`.

    It raises TokenError (401), and NotAllowed (403) for a good token of another scope.
    """

    def caller_of(
        house: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> Caller:
        if credentials is None:
            raise TokenError(
                "Send a token: `Authorization: Bearer nl_…` (newsletter token create)."
            )
        now = house.now()
        with house.database.reading() as session:
            token = tokens.authenticate(session, credentials.credentials)
        token.require(scope)
        if token.is_use_due(now=now):
            house.database.transact(lambda session: tokens.note_use(session, token.id, now=now))
        return Caller(f"token:{token.name}")

    return caller_of


for_editions = caller_with(Scope.EDITIONS)

EditionsTool = Annotated[Caller, Depends(for_editions)]
SignupsTool = Annotated[Caller, Depends(caller_with(Scope.SIGNUPS))]
ReadersTool = Annotated[Caller, Depends(caller_with(Scope.READERS))]
