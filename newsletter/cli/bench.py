"""`newsletter bench compose | import | readers | signups | dispatch`: figures of this machine, against known yardsticks."""

from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

import typer

from newsletter.cli.output import AsJson, emit, show_table

DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="An empty database, left empty again; else a SQLite file of its own."),
]


class MeasuredProvider(StrEnum):
    """Providers that a receiving end on this machine can stand in for."""

    SMTP = "smtp"
    SENDGRID = "sendgrid"
    FOLDER = "folder"


def register(app: typer.Typer) -> None:
    bench = typer.Typer(
        help="Measure composing, readers and sending on this machine.", no_args_is_help=True
    )
    bench.command()(compose)
    bench.command("import")(import_)
    bench.command()(readers)
    bench.command()(signups)
    bench.command()(dispatch)
    app.add_typer(bench, name="bench")


def compose(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="Edition files; else the samples.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compose edition files: milliseconds warm and cold, step by step, and bytes."""
    from newsletter.bench.compose import measure_compose

    if paths:
        found = [measure_compose(path) for path in paths]
    else:
        with as_file(files("newsletter.sandbox") / "samples") as samples:
            found = [measure_compose(path) for path in sorted(samples.glob("*.yaml"))]
    _tell({"editions": found}, found, as_json=as_json)


def import_(
    rows: Annotated[int, typer.Option(min=1, help="Readers in the file.")] = 100_000,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Import invented readers: seconds, beside what only parsing the file takes."""
    from newsletter.bench.imports import measure_import

    figures = measure_import(rows, database_url)
    _tell(figures, [figures], as_json=as_json)


def readers(
    rows: Annotated[int, typer.Option(min=1, help="Readers that there are.")] = 100_000,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Export invented readers, and count an edition's audience among them."""
    from newsletter.bench.audience import measure_readers

    figures = measure_readers(rows, database_url)
    _tell(figures, [figures], as_json=as_json)


def signups(
    seconds: Annotated[float, typer.Option(min=0.1, help="How long people sign up.")] = 10.0,
    connections: Annotated[int, typer.Option(min=1, help="How many at once.")] = 20,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Sign invented readers up at one web process, every cap on."""
    from newsletter.bench.signups import measure_signups

    figures = measure_signups(seconds, connections, database_url)
    _tell(figures, [figures], as_json=as_json)


def dispatch(
    provider: Annotated[MeasuredProvider, typer.Option(help="Who takes the mail.")],
    recipients: Annotated[int, typer.Option(min=1, help="Readers of the edition.")] = 10_000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that send.")] = 1,
    smtp_url: Annotated[
        str | None, typer.Option(help="A server on this machine; else Postfix's smtp-sink.")
    ] = None,
    sendgrid_host: Annotated[
        str | None, typer.Option(help="An endpoint on this machine; else a minimal one of ours.")
    ] = None,
    database_url: DatabaseUrl = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Beside Postfix's smtp-source, in the same run.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send an edition to invented readers, ledger and all; nothing leaves this machine."""
    from newsletter.bench.dispatch import DispatchPlan, measure_dispatch

    figures = measure_dispatch(
        DispatchPlan(
            provider=provider.value,
            recipients=recipients,
            workers=workers,
            smtp_url=smtp_url,
            sendgrid_host=sendgrid_host,
            database_url=database_url,
            reference=reference,
        )
    )
    _tell(figures, [figures], as_json=as_json)


def _tell(values: dict[str, Any], rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """One JSON object, or a line a figure with a column for each of `rows`."""
    if as_json:
        emit(values)
        return
    flat = [_flattened(row) for row in rows]
    show_table(
        ("", *("" for _ in flat)), [(name, *(row[name] for row in flat)) for name in flat[0]]
    )


def _flattened(row: dict[str, Any]) -> dict[str, Any]:
    """Figures inside figures (the steps of composing) as lines of their own."""
    plain: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            plain |= {f"{name} {key}": one for key, one in value.items()}
        else:
            plain[name] = value
    return plain
