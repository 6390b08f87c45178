"""`newsletter subscribers suppress | lift`: the do-not-mail list, an address at a time."""

from typing import Annotated

import typer
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.cli.desk import actor, now, open_desk
from newsletter.cli.output import AsJson, emit, say
from subscribers.addresses import parse
from subscribers.errors import SubscribersError
from subscribers.models import Suppression, SuppressionReason
from subscribers.suppression import LIFTED_BY_EDITOR, find_live
from subscribers.suppression import lift as lift_suppression
from subscribers.suppression import suppress as suppress_address

Note = Annotated[str, typer.Option(help="Why; kept with the address.")]


class NotLifted(SubscribersError):
    """An editor can't lift it, or there is nothing to lift."""


def register(app: typer.Typer) -> None:
    app.command()(suppress)
    app.command()(lift)


def suppress(
    email: Annotated[str, typer.Argument()], note: Note = "", as_json: AsJson = False
) -> None:
    """Send nothing to an address any more, whatever it subscribes to."""
    key = parse(email).key

    def work(session: Session) -> bool:
        news = suppress_address(
            session, key, SuppressionReason.MANUAL, now=now(), source="editor", note=note
        )
        _record(session, key, "do-not-mail.add")
        return news

    with open_desk() as desk:
        news = desk.database.transact(work)
    if as_json:
        emit({"suppressed": True, "news": news})
    else:
        say(f"{email} gets no mail any more." if news else f"{email} got no mail before, either.")


def lift(
    email: Annotated[str, typer.Argument()],
    note: Annotated[str, typer.Option(help="Why; needed.")],
    as_json: AsJson = False,
) -> None:
    """Let mail go to an address again. Complaints and erasures only their reader can lift."""
    key = parse(email).key

    def work(session: Session) -> None:
        live = find_live(session, [key])
        _require_liftable(email, live)
        lift_suppression(session, key, now=now(), by=f"{actor()}: {note}")
        _record(session, key, "do-not-mail.lift")

    with open_desk() as desk:
        desk.database.transact(work)
    if as_json:
        emit({"suppressed": False})
    else:
        say(f"{email} can be mailed again, where it subscribes.")


def _require_liftable(email: str, live: Suppression | None) -> None:
    if live is None:
        raise NotLifted(f"{email} is not on the do-not-mail list.")
    if live.reason not in LIFTED_BY_EDITOR:
        raise NotLifted(
            f"{email} is there for a {live.reason}: only its reader lifts that, by signing up "
            "again and confirming."
        )


def _record(session: Session, key: str, act: str) -> None:
    live = find_live(session, [key])
    subject = f"suppression {live.id}" if live else "suppression, lifted"
    audit.record(session, actor=actor(), act=act, subject=subject, now=now())
