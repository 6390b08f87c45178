"""`newsletter subscribers import | export | add | show | erase`."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from sqlmodel import Session

from newsletter.cli.desk import Desk, actor, now, open_desk
from newsletter.cli.output import (
    AsJson,
    PublicationSlug,
    Yes,
    aside,
    confirm,
    emit,
    say,
    show_table,
)
from newsletter.dispatch.queue import queue_notice
from newsletter.privacy.erasure import erase_person
from newsletter.privacy.person import whole_person, whole_timeline
from newsletter.signup_policy import signup_policy
from subscribers import signup
from subscribers.addresses import KeyedHash, parse
from subscribers.consent import Agreement
from subscribers.errors import UnknownReader
from subscribers.exports import export_csv
from subscribers.history import Told
from subscribers.imports import ImportAs, ImportPlan, ImportReport, import_readers, rehearse
from subscribers.models import Subscriber
from subscribers.readers import find_by_key
from subscribers.signup import MailKind

COUNTS = (
    ("rows", "rows in the file"),
    ("added", "new"),
    ("known", "known already"),
    ("updated", "brought up to date"),
    ("unsubscribed_kept", "left before, and stay so"),
    ("suppressed", "on the do-not-mail list, and stay so"),
    ("duplicates", "twice in the file"),
    ("rejected", "rejected"),
)


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command("export")(export)
    app.command("add")(add)
    app.command("show")(show)
    app.command("erase")(erase)


def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file with a header.", exists=True)],
    import_as: Annotated[
        ImportAs, typer.Option("--as", help="What everyone in the file is.")
    ] = ImportAs.ACTIVE,
    consent: Annotated[
        str | None, typer.Option(help="How they agreed; else “imported from FILE”.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="HEADER=FIELD, where a column is guessed wrong; repeat."),
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="Where rejected rows go; else FILE.rejected.csv.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    yes: Yes = False,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Import readers from CSV. Nobody who left is ever brought back."""
    rejects = rejected or file.with_name(f"{file.stem}.rejected.csv")
    with open_desk(publication) as desk:
        plan = _plan(desk, file, import_as, consent, column or [])
        asked = sys.stdin.isatty() and not yes
        if dry_run or asked:
            preview = _rehearse(desk, file, plan, rejects)
            _tell(preview, rejects, done=False, as_json=as_json and dry_run)
            if dry_run:
                return
            confirm(f"Import {file.name}?", yes=yes)
        report = _import(desk, file, plan, rejects)
    _tell(report, rejects, done=True, as_json=as_json)


def export(
    out: Annotated[Path | None, typer.Option(help="A file; else standard output.")] = None,
    one: Annotated[
        str | None,
        typer.Option("--one", help="ADDRESS: all that is kept about one person, as JSON."),
    ] = None,
    publication: PublicationSlug = None,
) -> None:
    """Export readers as CSV that imports again to the same state, or one person's data."""
    with open_desk(publication) as desk, desk.database.reading() as session:
        if one is None:
            pages = export_csv(session, desk.publication(session).key)
        else:
            data = whole_person(session, _reader(session, one))
            pages = iter([orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"])
        if out is None:
            sys.stdout.writelines(pages)
            return
        # What is known of readers is nobody else's business.
        out.touch(mode=0o600)
        with out.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pages)
    aside.print(f"Wrote {out}.", markup=False)


def add(
    email: Annotated[str, typer.Argument()],
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Ask an address to confirm a subscription, as the form does."""

    def work(session: Session) -> bool:
        owner = desk.publication(session)
        asked = signup.Request(email=email, source="editor")
        answer = signup.request(
            session,
            owner.key,
            asked,
            signup_policy(desk.settings),
            hash_of=_hash_of(desk),
            now=now(),
        )
        if answer.mail is None or answer.mail.kind != MailKind.CONFIRM:
            return False
        return queue_notice(
            session,
            publication_id=owner.key,
            kind="confirm",
            email=parse(email).email,
            subscriber_id=answer.mail.subscriber_id,
            data={"epoch": answer.mail.epoch},
            now=now(),
        )

    with open_desk(publication) as desk:
        queued = desk.database.transact(work)
    if as_json:
        emit({"email": email, "confirmation_queued": queued})
    elif queued:
        say(f"A worker will ask {email} to confirm.")
    else:
        say(
            f"{email} is not asked: subscribed already, on the do-not-mail list, or asked just now."
        )


def show(
    email: Annotated[str, typer.Argument()],
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Show a reader: what is kept about them, and all that happened, newest first."""
    with open_desk(publication) as desk, desk.database.reading() as session:
        reader_id = _reader(session, email)
        data = whole_person(session, reader_id)
        told = whole_timeline(session, reader_id)
    if as_json:
        emit(data)
        return
    show_table(("", ""), _about(data))
    say("")
    show_table(("When", "What", "From", "Note"), map(_told, told))


def _about(data: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What a person sees of a person: a line for each plain value, and for each subscription."""
    for name in ("email", "name", "language", "time_zone", "attributes", "tags"):
        if data[name]:
            yield name, data[name]
    for one in data["subscriptions"]:
        until = f" until {one['paused_until']}" if one["paused_until"] else ""
        muted = f", without {one['muted']}" if one["muted"] else ""
        yield (
            f"publication {one['publication_id']}",
            (f"{one['state']}{until}, tracking {one['tracking']}{muted}"),
        )
    for one in data["suppressions"]:
        if not one["lifted_at"]:
            yield "do not mail", one["reason"]


def _told(one: Told) -> tuple[str, str, str, str]:
    when = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return when, one.what, one.source, one.note


def erase(
    email: Annotated[str, typer.Argument()],
    yes: Yes = False,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good; figures of sent editions stay, without a name."""
    confirm(f"Erase {email} for good?", yes=yes)

    def work(session: Session) -> None:
        erase_person(
            session,
            _reader(session, email),
            Agreement(source="editor"),
            by=actor(),
            hash_of=_hash_of(desk),
            now=now(),
        )

    with open_desk(publication) as desk:
        desk.database.transact(work)
    if as_json:
        emit({"erased": True})
    else:
        say(f"{email} is erased.")


def _plan(
    desk: Desk, file: Path, import_as: ImportAs, consent: str | None, columns: list[str]
) -> ImportPlan:
    for column in columns:
        if "=" not in column:
            raise typer.BadParameter(f"--column {column}: write HEADER=FIELD")
    with desk.database.reading() as session:
        return ImportPlan(
            publication_id=desk.publication(session).key,
            consent=consent or f"imported from {file.name}",
            import_as=import_as,
            columns=dict(column.split("=", 1) for column in columns),
        )


def _rehearse(desk: Desk, file: Path, plan: ImportPlan, rejects: Path) -> ImportReport:
    with desk.database.importing() as session:
        return rehearse(
            session,
            file,
            plan,
            rejected=rejects,
            hash_of=_hash_of(desk),
            now=now(),
            checkpoint=session.commit,
        )


def _import(desk: Desk, file: Path, plan: ImportPlan, rejects: Path) -> ImportReport:
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=aside, disable=not aside.is_terminal) as bar,
        desk.database.importing() as session,
    ):
        task = bar.add_task("Importing", total=None)
        return import_readers(
            session,
            file,
            plan,
            rejected=rejects,
            hash_of=_hash_of(desk),
            now=now(),
            checkpoint=session.commit,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _tell(report: ImportReport, rejects: Path, *, done: bool, as_json: bool) -> None:
    if as_json:
        emit({**asdict(report), "dry_run": not done, "rejected_file": str(rejects)})
        return
    say("Imported:" if done else "It would be:")
    values = asdict(report)
    show_table(("", ""), [(values[key], words) for key, words in COUNTS if values[key]])
    if report.rejected:
        aside.print(f"Rejected rows, with their reasons: {rejects}", markup=False)


def _reader(session: Session, email: str) -> int:
    reader: Subscriber | None = find_by_key(session, parse(email).key)
    if reader is None or reader.id is None:
        raise UnknownReader(f"Nobody with the address {email} is known.")
    return reader.id


def _hash_of(desk: Desk) -> KeyedHash:
    return desk.site.signer.keyed_hash
