"""`newsletter token create | list | revoke`: bearer tokens for editors' tools."""

import datetime as dt
from typing import Annotated

import typer

from newsletter.accounts import audit
from newsletter.accounts import tokens as api_tokens
from newsletter.accounts.models import Scope
from newsletter.cli.desk import actor, now, open_desk
from newsletter.cli.output import AsJson, aside, emit, say, show_table


def register(app: typer.Typer) -> None:
    app.command("create")(create)
    app.command("list")(list_)
    app.command("revoke")(revoke)


def create(
    name: Annotated[str, typer.Argument(help="What uses it, such as “feed robot”.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="What it is for; can be repeated. Else: editions and signups."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown this once."""
    with open_desk() as desk, desk.database.writing() as session:
        scopes = scope or api_tokens.USUAL_SCOPES
        made = api_tokens.create(session, name=name, now=now(), scopes=scopes)
        audit.record(
            session, actor=actor(), act="token.create", subject=name, now=now(), scopes=scopes
        )
    if as_json:
        emit({"id": made.id, "name": made.name, "token": made.text})
    else:
        say(made.text)
        aside.print("Keep it now: it is not shown again.")


def list_(as_json: AsJson = False) -> None:
    """List the tokens, without their secret."""
    with open_desk() as desk, desk.database.reading() as session:
        known = api_tokens.list_tokens(session)
        if as_json:
            emit({"tokens": [one.model_dump(exclude={"hash"}) for one in known]})
            return
        show_table(
            ("Id", "Name", "For", "Made", "Last used", "Revoked"),
            [
                (
                    one.id,
                    one.name,
                    one.scopes,
                    *map(_day, (one.created_at, one.last_used_at, one.revoked_at)),
                )
                for one in known
            ],
        )


def revoke(token_id: Annotated[int, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Let a token work no more."""
    with open_desk() as desk, desk.database.writing() as session:
        revoked = api_tokens.revoke(session, token_id, now=now())
        audit.record(session, actor=actor(), act="token.revoke", subject=revoked.name, now=now())
        name = revoked.name
    if as_json:
        emit({"id": token_id, "revoked": True})
    else:
        say(f"Token {token_id} ({name}) works no more.")


def _day(seconds: float | None) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M} UTC" if seconds else ""
