"""`newsletter send DATE`: to everybody now, or a test to one address."""

import sys
import threading
import time
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlmodel import Session

from newsletter.accounts import audit
from newsletter.cli.desk import Desk, actor, now, open_desk
from newsletter.cli.editions import Name
from newsletter.cli.output import AsJson, PublicationSlug, Yes, aside, confirm, emit, say
from newsletter.cli.standing import waits
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.permission import require_permission, require_safe
from newsletter.dispatch.progress import progress
from newsletter.dispatch.trial import make_test, send_test
from newsletter.editions.approval import require_approved
from newsletter.editions.models import Edition
from newsletter.editions.schedule import schedule
from newsletter.editions.states import EditionState
from newsletter.errors import EditionError
from newsletter.publications import Publication
from newsletter.worker import Queue, Worker
from subscribers import audience

POLL_SECONDS = 0.3
REST = 9.0
"""So many times as long as a look took, nobody looks again: a million rows take a second."""
LONGEST_REST = 10.0
NOTHING_TO_SEND = {
    EditionState.SENT: "has been sent: there is nothing to do.",
    EditionState.PAUSED: "is paused. To go on: newsletter edition resume {name}",
    EditionState.CANCELLED: "was cancelled for good. Import it again to send it after all.",
}
"""State -> why `send` is the wrong word, and the way out."""


def register(app: typer.Typer) -> None:
    app.command()(send)


def send(
    name: Name,
    test: Annotated[str | None, typer.Option(help="Only to this address, as a test.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only to the first N readers.")] = None,
    yes: Yes = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Do the worker's part here, until it is sent.")
    ] = False,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Send an approved edition to its readers now."""
    with open_desk(publication) as desk:
        if test is not None:
            _send_test(desk, name, test, as_json=as_json)
            return
        plan = _plan(desk, name, limit)
        if dry_run:
            _tell_plan(plan, as_json=as_json)
            return
        if plan["status"] in {EditionState.DRAFT, EditionState.APPROVED, EditionState.SCHEDULED}:
            confirm(f"Send {name} to {plan['recipients']} readers?", yes=yes)
            desk.change(name, lambda *where: _schedule_now(desk, limit, *where))
        if wait:
            _work_until_sent(desk, name, as_json=as_json)
        else:
            _tell_queued(desk, name, as_json=as_json)


def _plan(desk: Desk, name: str, limit: int | None) -> dict[str, Any]:
    """What would be sent. Raises EditionError (among them NotApproved) and UnsafeToSend."""
    with desk.database.reading() as session:
        publication, edition = desk.edition(session, name)
        _require_sendable(edition)
        require_permission(desk.settings, publication)
        if edition.state != EditionState.SENDING:
            require_approved(session, edition, publication, desk.site)
        readers = audience.count(session, publication.key)
        return {
            "edition": edition.name,
            "status": edition.state,
            "title": edition.title,
            "recipients": readers if limit is None else min(readers, limit),
            "provider": desk.settings.provider,
        }


def _require_sendable(edition: Edition) -> None:
    way_out = NOTHING_TO_SEND.get(EditionState(edition.state))
    if way_out is not None:
        raise EditionError(f"Edition {edition.name} {way_out.format(name=edition.name)}")


def _schedule_now(
    desk: Desk, limit: int | None, session: Session, publication: Publication, edition: Edition
) -> None:
    edition.audience_limit = limit
    schedule(session, edition, publication, desk.site, at=now(), now=now())
    audit.record(
        session,
        actor=actor(),
        act="edition.send",
        subject=f"edition {edition.name}",
        now=now(),
        limit=limit,
    )


def _send_test(desk: Desk, name: str, address: str, *, as_json: bool) -> None:
    provider = open_outlet(desk.settings)
    try:

        def act(session: Session, publication: Publication, edition: Edition) -> Any:
            require_safe(desk.settings, publication, provider)
            return make_test(session, edition, publication, desk.site, address)

        send_test(provider, desk.change(name, act))
    finally:
        provider.close()
    if as_json:
        emit({"edition": name, "test": address, "accepted": True})
    else:
        say(f"A test of edition {name} went to {address}.")
        _nothing_left(desk)


def _work_until_sent(desk: Desk, name: str, *, as_json: bool) -> None:
    """Work the ledger in this process, showing how far it has come."""
    worker = Worker(desk.settings, desk.database, [Queue.DISPATCH, Queue.FEEDBACK])
    thread = threading.Thread(target=worker.run, name="worker")
    thread.start()
    try:
        state = _watch(desk, name)
    finally:
        worker.stop()
        thread.join()
    if as_json:
        emit(state)
    else:
        say(
            f"Edition {name}: {state['status']}; {state['recipients']} recipients, "
            f"{state['accepted'] + state['delivered']} sent, {state['unsure']} not confirmed, "
            f"{state['refused'] + state['failed']} not taken."
        )
        if state["refused"] + state["failed"]:
            say(f"Why: newsletter report {name}")
        _nothing_left(desk)
    if state["status"] != EditionState.SENT:
        _explain_unfinished(name, state)
        sys.exit(1)


def _watch(desk: Desk, name: str) -> dict[str, Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=aside, disable=not aside.is_terminal) as bar:
        task = bar.add_task("Sending", total=None, rate="0")
        told: set[str] = set()
        while True:
            began = time.monotonic()
            state = current(desk, name)
            _tell_waits(state, told)
            settled = state["recipients"] - state["queued"]
            rate = state["per_second"] or 0.0
            bar.update(task, total=state["recipients"], completed=settled, rate=rate)
            if is_over(state):
                return state
            time.sleep(rest(POLL_SECONDS, since=began))


def _tell_waits(state: dict[str, Any], told: set[str]) -> None:
    """Say what the send waits for, once for each reason."""
    lines = waits(state, now=time.time())
    for one, line in zip(state["waiting"], lines, strict=True):
        if one["why"] not in told:
            aside.print(line, markup=False)
            told.add(one["why"])


def current(desk: Desk, name: str) -> dict[str, Any]:
    """How far the edition has come."""
    with desk.database.reading() as session:
        _, edition = desk.edition(session, name)
        return progress(session, edition, provider=desk.settings.provider, now=now())


def rest(seconds: float, *, since: float) -> float:
    """Seconds until the next look, at least `seconds`, after one that began at `since` (monotonic).

    Whoever looks on takes a tenth of a processor from the sending, not all of it.
    """
    return max(seconds, min(REST * (time.monotonic() - since), LONGEST_REST))


def is_over(state: dict[str, Any]) -> bool:
    """Whether nothing more will happen without a person."""
    if state["status"] == EditionState.SENDING:
        return bool(state["queued"] == 0 and state["unsure"] > 0)
    return bool(state["status"] != EditionState.SCHEDULED)


def _explain_unfinished(name: str, state: dict[str, Any]) -> None:
    if state["unsure"]:
        aside.print(
            f"{state['unsure']} deliveries are not confirmed by the provider. When its events are "
            f"in, or with a mail log: newsletter edition resolve {name} --help",
            markup=False,
        )
    if state["hold_reason"]:
        aside.print(str(state["hold_reason"]), markup=False)


def _tell_plan(plan: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit({**plan, "dry_run": True})
    else:
        say(
            f"“{plan['title']}” ({plan['edition']}) would go to {plan['recipients']} readers "
            f"through {plan['provider']}. Nothing was sent."
        )


def _tell_queued(desk: Desk, name: str, *, as_json: bool) -> None:
    if as_json:
        emit(current(desk, name))
        return
    say(f"Edition {name} goes out as soon as a worker runs (`newsletter run`, or --wait here).")
    _nothing_left(desk)


def _nothing_left(desk: Desk) -> None:
    if desk.settings.provider == "folder":
        say(f"Provider folder: mails are files in {desk.settings.mail_folder}.")
        say("nothing left this machine")
