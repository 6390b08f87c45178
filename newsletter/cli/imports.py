"""`newsletter subscribers import`: rehearsed first, then in chunks, with a bar."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from sqlmodel import Session

from newsletter.cli.desk import Desk, now, open_desk
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
from subscribers.columns import Field
from subscribers.csv_files import open_csv
from subscribers.imports import (
    ImportAs,
    ImportPlan,
    ImportReport,
    fingerprint_of,
    import_readers,
    rehearse,
    rows_stored,
)

COUNTS = (
    ("rows", "rows in the file"),
    ("added", "new"),
    ("added_active", "– active, who get mail"),
    ("added_pending", "– pending, not yet confirmed"),
    ("added_paused", "– paused"),
    ("added_unsubscribed", "– unsubscribed"),
    ("added_do_not_mail", "– on the do-not-mail list"),
    ("known", "known already"),
    ("updated", "brought up to date"),
    ("unsubscribed_kept", "left before, and stay so"),
    ("suppressed", "on the do-not-mail list, and stay so"),
    ("duplicates", "twice in the file"),
    ("rejected", "rejected"),
)
NOTHING_STORED = "Stopped. Nothing was stored."


@dataclass(slots=True)
class Way:
    """How far we have come: rows worked through, and of how many; zeros until they are read."""

    done: int = 0
    total: int = 0


def register(app: typer.Typer) -> None:
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path, typer.Argument(help="A CSV file with a header.", exists=True, dir_okay=False)
    ],
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
        columns = _columns(file, plan)
        asked = sys.stdin.isatty() and not yes
        if dry_run or asked:
            preview = _rehearse(desk, file, plan, rejects)
            _tell(preview, columns, rejects, done=False, as_json=as_json and dry_run)
            if dry_run:
                return
            confirm(f"Import {file.name}?", yes=yes)
        report, before = _import(desk, file, plan, rejects)
    _tell(report, columns, rejects, before=before, done=True, as_json=as_json)


def _plan(
    desk: Desk, file: Path, import_as: ImportAs, consent: str | None, columns: list[str]
) -> ImportPlan:
    corrected = dict(map(_correction, columns))
    with desk.database.reading() as session:
        return ImportPlan(
            publication_id=desk.publication(session).key,
            consent=consent or f"imported from {file.name}",
            import_as=import_as,
            columns=corrected,
        )


def _correction(column: str) -> tuple[str, str]:
    header, equals, field = column.rpartition("=")
    if not equals:
        raise typer.BadParameter(f"--column {column}: write HEADER=FIELD")
    if field not in set(Field):
        raise typer.BadParameter(f"--column {column}: the fields are {', '.join(Field)}")
    return header, field


def _rehearse(desk: Desk, file: Path, plan: ImportPlan, rejects: Path) -> ImportReport:
    try:
        return _work("Looking", rehearse, desk, file, plan, rejects, Way())
    except KeyboardInterrupt:
        aside.print(NOTHING_STORED)
        raise


def _import(desk: Desk, file: Path, plan: ImportPlan, rejects: Path) -> tuple[ImportReport, int]:
    """Import; return the rows as well that an import which was cut off had stored before."""
    fingerprint, way = fingerprint_of(file, plan), Way()
    if before := _stored(desk, plan, fingerprint):
        aside.print(
            f"An import of this file was cut off when {before:,} rows were stored. "
            "This one goes on there; it counts them as well."
        )
    try:
        return _work("Importing", import_readers, desk, file, plan, rejects, way), before
    except KeyboardInterrupt:
        aside.print(_stopped(_stored(desk, plan, fingerprint), way))
        raise


def _stored(desk: Desk, plan: ImportPlan, fingerprint: str) -> int:
    with desk.database.reading() as session:
        return rows_stored(session, plan, fingerprint)


def _stopped(stored: int, way: Way) -> str:
    """What an import leaves that is stopped; `stored`: rows from which the next one goes on."""
    if stored:
        rows = f"{stored:,} of {way.total:,} rows" if way.total else f"{stored:,} rows"
        return (
            f"Stopped: {rows} are stored. Import the same file in the same way again, "
            "and it goes on there."
        )
    if way.done:  # it was at its end: nothing is left to go on with
        return f"Stopped, but all {way.done:,} rows are stored."
    return NOTHING_STORED


def _work(
    what: str,
    act: Callable[..., ImportReport],
    desk: Desk,
    file: Path,
    plan: ImportPlan,
    rejects: Path,
    way: Way,
) -> ImportReport:
    """Rehearse or import, as `act` does; `what` it does stands before the bar."""
    with _bar(what, way) as progress, desk.database.importing() as sessions:
        return act(
            sessions,
            file,
            plan,
            rejected=rejects,
            hash_of=desk.site.signer.keyed_hash,
            now=now(),
            checkpoint=Session.commit,
            progress=progress,
        )


@contextmanager
def _bar(what: str, way: Way) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; what is yielded takes the rows worked through, and of how many."""

    def go_on(done: int, total: int) -> None:
        way.done, way.total = done, total
        bar.update(task, completed=done, total=total)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=aside, disable=not aside.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield go_on


def _tell(
    report: ImportReport,
    columns: Mapping[str, str],
    rejects: Path,
    *,
    before: int = 0,
    done: bool,
    as_json: bool,
) -> None:
    """Tell what came of it; `before`: rows that an import which was cut off had stored."""
    values = asdict(report)
    if as_json:
        emit(
            {
                **values,
                "stored_before": before,
                "columns": columns,
                "dry_run": not done,
                "rejected_file": str(rejects),
            }
        )
        return
    if not done:
        show_table(("Column", "Taken as"), columns.items())
        say("")
    say("Imported:" if done else "It would be:")
    rows = [
        (values[key], words, report.examples.get(key, ""))
        for key, words in COUNTS
        if values[key] or (key == "added_active" and report.added)
    ]
    show_table(("Rows", "What they are", "" if done else "For example"), rows)
    if report.rejected:
        aside.print(f"Rejected rows, with their reasons: {rejects}", markup=False)


def _columns(file: Path, plan: ImportPlan) -> Mapping[str, str]:
    """What each column is taken as, by its header; those that the plan corrects must be there."""
    with open_csv(file, plan.columns) as opened:
        for header in plan.columns:
            if header not in opened.header:
                there = ", ".join(opened.header)
                raise typer.BadParameter(
                    f"--column {header}: {file.name} has no such column, but {there}"
                )
        return dict(zip(opened.header, opened.columns, strict=True))
