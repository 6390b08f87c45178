"""`newsletter edition resolve DATE`: settle what the provider has not confirmed."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.cli.desk import Desk, actor, now, open_desk
from newsletter.cli.editions import Name
from newsletter.cli.output import AsJson, PublicationSlug, emit, say
from newsletter.cli.send import current
from newsletter.dispatch import settle, sweep
from newsletter.editions.models import Edition
from newsletter.feedback.duty import work_off_inbox
from newsletter.publications import Publication


def register(app: typer.Typer) -> None:
    app.command("resolve")(resolve)


def resolve(
    name: Name,
    sent: Annotated[bool, typer.Option("--sent", help="They went out.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="They did not: send again.")] = False,
    evidence: Annotated[
        Path | None, typer.Option(help="A mail log: what it names by Message-ID went out.")
    ] = None,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Settle deliveries in doubt. Applies every stored webhook first."""
    if sum((sent, resend, evidence is not None)) > 1:
        raise typer.BadParameter("choose one of --sent, --resend and --evidence")
    with open_desk(publication) as desk:
        work_off_inbox(desk.database, now=time.time())
        unsure = current(desk, name)["unsure"]
        if unsure and not (sent or resend or evidence):
            sent, resend = _ask(unsure)
        settled = desk.change(
            name,
            lambda session, _owner, edition: _settle(
                session, edition, sent=sent, resend=resend, evidence=evidence
            ),
        )
        _close(desk, name)
        state = current(desk, name)
    if as_json:
        emit({**state, "settled": settled})
    else:
        say(
            f"{settled} settled, {state['unsure']} still in doubt; edition {name}: {state['status']}."
        )
        if state["unsure"]:
            say("Settle them with --sent, --resend, or --evidence and a mail log.")


def _ask(unsure: int) -> tuple[bool, bool]:
    """Ask a person on a terminal; elsewhere decide nothing."""
    if not sys.stdin.isatty():
        return False, False
    answer = typer.prompt(
        f"{unsure} deliveries are in doubt. Did they go out? (sent / resend / leave)",
        default="leave",
    )
    return answer == "sent", answer == "resend"


def _settle(
    session: Session, edition: Edition, *, sent: bool, resend: bool, evidence: Path | None
) -> int:
    settled = 0
    if sent:
        settled = settle.settle_as_sent(session, edition.key, assumed=False)
    elif resend:
        settled = settle.settle_by_resend(session, edition.key)
    elif evidence is not None:
        with evidence.open(encoding="utf-8", errors="replace") as lines:
            settled = settle.settle_by_evidence(session, edition.key, lines)
    if settled:
        audit.record(
            session,
            actor=actor(),
            act="edition.resolve",
            subject=f"edition {edition.name}",
            now=now(),
            settled=settled,
            how="sent" if sent else "resend" if resend else "evidence",
        )
    return settled


def _close(desk: Desk, name: str) -> None:
    def act(session: Session, _owner: Publication, edition: Edition) -> bool:
        return sweep.close_if_final(session, edition.key)

    desk.change(name, act)
