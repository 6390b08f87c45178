"""`newsletter edition import | list | show | approve | schedule | pause | resume | cancel`."""

import datetime as dt
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from emails.composition import Finding
from emails.errors import CompositionError
from emails.issue_files import IssueFile, load_issue
from newsletter.accounts import audit
from newsletter.cli.compose import all_warnings
from newsletter.cli.desk import Desk, actor, now, open_desk
from newsletter.cli.output import (
    AsJson,
    PublicationSlug,
    Yes,
    aside,
    confirm,
    counted,
    emit,
    say,
    show_findings,
    show_table,
)
from newsletter.cli.standing import TOLD_APART, details, doubt, waits
from newsletter.dispatch import control
from newsletter.dispatch.alerts import alert_of_import
from newsletter.dispatch.permission import require_permission
from newsletter.dispatch.progress import progress
from newsletter.editions.approval import Approval, approve
from newsletter.editions.library import Imported, import_issue, list_editions
from newsletter.editions.models import Edition
from newsletter.editions.preflight import preflight
from newsletter.editions.schedule import Moment, parse_not_after, parse_start, schedule
from newsletter.editions.states import EditionState
from newsletter.publications import Publication
from newsletter.time_zones import zone_of

Name = Annotated[str, typer.Argument(metavar="DATE", help="2026-11-22, or 2026-11-22/SLUG.")]


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command("list")(list_)
    app.command("show")(show)
    app.command("approve")(approve_)
    app.command("schedule")(schedule_)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)


def import_(
    file: Annotated[Path, typer.Argument(help="An edition file, YAML or JSON.")],
    archive_only: Annotated[
        bool, typer.Option("--archive-only", help="Into the archive; sends nothing.")
    ] = False,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Store an edition file as a draft, or as a new revision of the draft of its date."""
    loaded = load_issue(file)
    show_findings("warning", loaded.warnings)
    with open_desk(publication or loaded.issue.publication) as desk:

        def work(session: Session) -> Imported:
            imported = import_issue(
                session,
                desk.publication(session),
                loaded.issue,
                source=file.read_text("utf-8-sig"),
                author=actor(),
                now=now(),
                archive_only=archive_only,
            )
            alert_of_import(session, imported, now=now())
            _record(session, "edition.import", imported.edition, revision=imported.edition.revision)
            return imported

        imported = desk.database.transact(work)
        _tell_import(imported, as_json=as_json)
        if imported.edition.state == EditionState.DRAFT and not as_json:
            _tell_obstacles(desk, loaded, imported.edition.name, file)


def list_(publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """List the editions, newest first."""
    with open_desk(publication) as desk, desk.database.reading() as session:
        editions = list_editions(session, desk.publication(session).key)
        if as_json:
            emit({"editions": [_brief(edition) for edition in editions]})
            return
        show_table(
            ("Date", "Status", "Recipients", "Title"),
            [(one.name, one.state, one.recipients, one.title) for one in editions],
        )


def show(name: Name, publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """Show how an edition stands: its status and a count for every delivery state."""
    with open_desk(publication) as desk, desk.database.reading() as session:
        owner, edition = desk.edition(session, name)
        state = progress(session, edition, provider=desk.settings.provider, now=now())
    if as_json:
        emit(state)
        return
    zone = zone_of(owner.time_zone)
    show_table(
        ("What", "Value"),
        [
            *(
                (key, _readable(key, value, zone))
                for key, value in state.items()
                if value and key not in TOLD_APART
            ),
            *details(state, now=now()),
        ],
    )
    if way_out := doubt(state):
        say(way_out)


def approve_(name: Name, publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """Check an edition and approve these very bytes; its warnings are accepted with it."""
    with open_desk(publication) as desk:
        approval = desk.change(name, lambda *where: _approve(desk, *where))
    for finding in approval.warnings:
        aside.print(f"warning: {finding.field}: {finding.message}", markup=False)
    if as_json:
        warnings = [
            {"code": one.code, "field": one.field, "message": one.message}
            for one in approval.warnings
        ]
        emit({"edition": name, "approved": approval.hash, "warnings": warnings})
    else:
        accepted = counted(len(approval.warnings), "warning")
        say(f"Edition {name} is approved, with {accepted} accepted.")


def schedule_(
    name: Name,
    at: Annotated[str, typer.Option(help="Local time: 2026-11-22T07:00.")],
    zone: Annotated[str | None, typer.Option(help="IANA zone; else the publication's.")] = None,
    not_after: Annotated[
        str | None, typer.Option(help="Whoever has not got it by then doesn't: +6h, or a time.")
    ] = None,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Let the worker send an approved edition at a time."""
    with open_desk(publication) as desk:

        def act(session: Session, owner: Publication, edition: Edition) -> Moment:
            require_permission(desk.settings, owner)
            place = zone or owner.time_zone
            at_once = f"`newsletter send {edition.name}`"
            moment = parse_start(at, place, at_once=at_once, now=now())
            limit = parse_not_after(not_after, place, start=moment.at) if not_after else None
            schedule(session, edition, owner, desk.site, at=moment.at, not_after=limit, now=now())
            _record(session, "edition.schedule", edition, at=moment.at)
            return moment

        moment = desk.change(name, act)
    if moment.ambiguous:
        aside.print("The clock shows this time twice that night: the first is taken.")
    if as_json:
        emit({"edition": name, "scheduled_at": moment.at, "local": moment.local.isoformat()})
    else:
        say(f"Edition {name} goes out at {moment.local:%Y-%m-%d %H:%M %Z}, if a worker runs.")


def pause(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at it.")] = "paused by hand",
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Stop sending; what the provider has already goes out."""

    def act(session: Session, _owner: Publication, edition: Edition) -> None:
        control.pause(session, edition.key, reason=reason, now=now())
        _record(session, "edition.pause", edition, reason=reason)

    with open_desk(publication) as desk:
        desk.change(name, act)
    _tell(name, "paused", as_json=as_json)


def resume(name: Name, publication: PublicationSlug = None, as_json: AsJson = False) -> None:
    """Go on sending, with the present revision."""
    with open_desk(publication) as desk:

        def act(session: Session, _owner: Publication, edition: Edition) -> None:
            control.resume(session, edition.key, site=desk.site, now=now())
            _record(session, "edition.resume", edition)

        desk.change(name, act)
        with desk.database.reading() as session:
            _, edition = desk.edition(session, name)
            state = progress(session, edition, provider=desk.settings.provider, now=now())
    _tell(name, "sending", as_json=as_json)
    if not as_json:
        for line in waits(state, now=now()):
            say(line)


def cancel(
    name: Name, yes: Yes = False, publication: PublicationSlug = None, as_json: AsJson = False
) -> None:
    """End an edition for good: whoever has not got it won't."""
    confirm(f"Cancel edition {name} for good?", yes=yes)

    def act(session: Session, _owner: Publication, edition: Edition) -> int:
        cancelled = control.cancel(session, edition.key, now=now())
        _record(session, "edition.cancel", edition, cancelled=cancelled)
        return cancelled

    with open_desk(publication) as desk:
        cancelled = desk.change(name, act)
    if as_json:
        emit({"edition": name, "status": "cancelled", "cancelled": cancelled})
    else:
        say(f"Edition {name} is cancelled; {cancelled} readers don't get it.")


def _approve(desk: Desk, session: Session, publication: Publication, edition: Edition) -> Approval:
    approval = approve(session, edition, publication, desk.site, by=actor(), now=now())
    _record(session, "edition.approve", edition, hash=approval.hash)
    return approval


def _record(session: Session, act: str, edition: Edition, **details: object) -> None:
    audit.record(
        session,
        actor=actor(),
        act=act,
        subject=f"edition {edition.name}",
        now=now(),
        **details,
    )


def _readable(key: str, value: object, zone: ZoneInfo) -> object:
    """Times in the publication's zone, with its name."""
    if key.endswith("_at") and isinstance(value, float):
        return f"{dt.datetime.fromtimestamp(value, zone):%Y-%m-%d %H:%M:%S %Z}"
    return value


def _brief(edition: Edition) -> dict[str, object]:
    return {
        "edition": edition.name,
        "status": edition.state,
        "revision": edition.revision,
        "recipients": edition.recipients,
        "title": edition.title,
    }


def _tell_import(imported: Imported, *, as_json: bool) -> None:
    edition = imported.edition
    if imported.voided:
        aside.print(
            "Changed after approval: will NOT go out until it is approved again.", markup=False
        )
    if as_json:
        emit({**_brief(edition), "created": imported.created, "changed": imported.changed})
        return
    what = "stored" if imported.created else "revised" if imported.changed else "unchanged"
    say(f"Edition {edition.name} {what} (revision {edition.revision}, {edition.state}).")


def _tell_obstacles(desk: Desk, loaded: IssueFile, name: str, file: Path) -> None:
    """Say now what an approval would: what stands in its way, and what it would accept."""

    def look(session: Session, owner: Publication, edition: Edition) -> tuple[Finding, ...]:
        _, findings = preflight(session, edition, owner, desk.site)
        session.rollback()  # the report would count the links of every draft, mended ones too
        return findings

    try:
        findings = desk.change(name, look)
    except CompositionError as error:
        aside.print(f"It can't be approved until it is mended: {error}", markup=False)
        return
    errors = [loaded.problem(one) for one in findings if one.severity == "error"]
    warnings = all_warnings(loaded, [one for one in findings if one.severity == "warning"])
    show_findings("warning", [one for one in warnings if one not in loaded.warnings])
    show_findings("error", errors)
    if errors:
        them = "it is" if len(errors) == 1 else "they are"
        aside.print(
            f"{counted(len(errors), 'error')}, {counted(len(warnings), 'warning')}: it can't be "
            f"approved until {them} mended (newsletter check {file}).",
            markup=False,
        )


def _tell(name: str, status: str, *, as_json: bool) -> None:
    if as_json:
        emit({"edition": name, "status": status})
    else:
        say(f"Edition {name} is {status}.")
