"""`newsletter compose | check | preview`: an edition file as it will arrive. No database needed."""

import time
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml
from pydantic import ValidationError

from emails.addresses import Addresses
from emails.brand import Brand, Topic
from emails.composer import compose as compose_issue
from emails.composition import Composition, Finding
from emails.errors import IssueFileError, Problem
from emails.headers import parse_mailbox
from emails.issue import Issue
from emails.issue_files import UNREADABLE, IssueFile, load_issue
from emails.mime import MailHeaders, build_skeleton
from emails.preflight import check as check_composition
from emails.slots import fill
from emails.whereabouts import Whereabouts
from newsletter.cli.output import AsJson, aside, counted, emit, say, show_findings
from newsletter.errors import ConfigurationError
from newsletter.invalid import in_words

SAMPLE_READER = "reader@example.com"
SAMPLE_TOKEN = "ZAEBc2FtcGxlLXRva2VuLW9mLWEtcmVhZGVy"  # noqa: S105 - of nobody
EditionFile = Annotated[Path, typer.Argument(metavar="FILE", help="An edition file, YAML or JSON.")]
BrandFile = Annotated[
    Path | None, typer.Option("--brand", help="TOML, YAML or JSON with the brand's fields.")
]


def register(app: typer.Typer) -> None:
    app.command()(compose)
    app.command()(check)
    app.command()(preview)


def compose(
    file: EditionFile,
    out: Annotated[Path, typer.Option(help="Where the four files go.")],
    brand: BrandFile = None,
    as_json: AsJson = False,
) -> None:
    """Write edition.mjml, .html, .txt and .eml as a sample reader would get them."""
    loaded = load_issue(file)
    look = load_brand(brand, loaded.issue)
    addresses = load_addresses(brand, loaded.issue)
    composition = compose_issue(loaded.issue, look, addresses=addresses).without_reader()
    html = filled(composition, composition.html)
    text = filled(composition, composition.text)
    out.mkdir(parents=True, exist_ok=True)
    (out / "edition.mjml").write_text(composition.mjml, "utf-8")
    (out / "edition.html").write_text(html, "utf-8")
    (out / "edition.txt").write_text(text, "utf-8")
    (out / "edition.eml").write_bytes(sample_message(composition, look))
    warnings = all_warnings(loaded, composition.warnings)
    summary = {
        "subject": composition.subject,
        "html_bytes": len(html.encode()),
        "text_bytes": len(text.encode()),
        "links": len(composition.links),
        "warnings": [asdict(one) for one in warnings],
    }
    show_findings("warning", warnings)
    if as_json:
        emit(summary)
        return
    say(f"{composition.subject}")
    say(
        f"{summary['html_bytes']:,} bytes of HTML, {summary['text_bytes']:,} of text, "
        f"{summary['links']} links. Written to {out}."
    )


def check(
    file: EditionFile,
    brand: BrandFile = None,
    links: Annotated[
        bool,
        typer.Option(
            "--links", help="Use the network: ask links, pictures and the sender's DNS records."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check an edition file: every error and warning, with line and field."""
    loaded = load_issue(file)
    look = load_brand(brand, loaded.issue)
    addresses = Addresses.sample()
    composition = compose_issue(loaded.issue, look, addresses=addresses)
    findings = list(
        check_composition(composition, issue=loaded.issue, brand=look, addresses=addresses)
    )
    if links:
        where = Whereabouts(loaded.issue, composition)
        findings += check_outside(composition, where, look if brand else None)
    errors = [loaded.problem(one) for one in findings if one.severity == "error"]
    warnings = all_warnings(loaded, [one for one in findings if one.severity == "warning"])
    show_findings("warning", warnings)
    show_findings("error", errors)
    if as_json:
        emit(
            {
                "errors": [asdict(one) for one in errors],
                "warnings": [asdict(one) for one in warnings],
            }
        )
    elif not errors:
        say(f"{file}: fine, with {counted(len(warnings), 'warning')}.")
    if errors:
        raise typer.Exit(1)


def preview(
    file: EditionFile,
    brand: BrandFile = None,
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any that is free.")] = 8025,
) -> None:
    """Show the edition in a browser: desktop, phone, dark and text; reloads when it is saved."""
    import uvicorn

    from newsletter.web.preview import create_preview

    _require_readable(file, brand)
    app = create_preview(
        file, lambda issue: load_brand(brand, issue), lambda issue: load_addresses(brand, issue)
    )
    say(f"Look at http://127.0.0.1:{port}/ ; Ctrl-C ends.")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _require_readable(file: Path, brand: Path | None) -> None:
    """Raise IssueFileError or OSError where a file is not there; what is wrong in it, the page shows."""
    if brand is not None:
        brand.read_bytes()
    try:
        load_issue(file)
    except IssueFileError as error:
        if any(problem.code == UNREADABLE for problem in error.problems):
            raise


def load_brand(path: Path | None, issue: Issue) -> Brand:
    """Read a brand file, or the `[publication]` table of a newsletter.toml.

    Without one, the default brand, which declares whatever topics the issue has.
    """
    if path is None:
        keys = dict.fromkeys(section.topic for section in issue.sections if section.topic)
        topics = tuple(Topic(key=key, label=key) for key in keys)
        return Brand.default().model_copy(update={"topics": topics})
    values = _read(path)
    values = values.get("publication", values)
    known = {key: value for key, value in values.items() if key in Brand.model_fields}
    try:
        return Brand.model_validate(known)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, one['loc']))}: {in_words(one)}" for one in error.errors()
        ]
        raise ConfigurationError("\n".join(lines)) from error


def load_addresses(path: Path | None, issue: Issue) -> Addresses:
    """Where the mail's own links lead: at a newsletter.toml's `base_url`, else at an example."""
    base_url = _read(path).get("base_url") if path else None
    sample = Addresses.sample(str(base_url).rstrip("/")) if base_url else Addresses.sample()
    return replace(sample, view_online=f"{sample.archive}/{issue.name}")


def filled(composition: Composition, text: str) -> str:
    """The text with the sample reader's values in its slots."""
    return fill(text, composition.slots, composition.values(SAMPLE_TOKEN))


def sample_message(composition: Composition, brand: Brand) -> bytes:
    """The whole message to the sample reader."""
    domain = brand.sender.rpartition("@")[2].strip("> ")
    addresses = Addresses.sample()
    headers = MailHeaders(
        sender=brand.sender,
        reply_to=brand.reply_to,
        date=time.time(),
        message_id_domain=domain,
        list_id=f"{brand.name} <newsletter.{domain}>",
        list_unsubscribe=addresses.one_click,
        feedback_id="0:sample:edition:newsletter",
    )
    return build_skeleton(composition, headers).fill(
        {
            **composition.values(SAMPLE_TOKEN),
            "to": SAMPLE_READER,
            "message_id": headers.message_id("sample"),
        }
    )


def all_warnings(loaded: IssueFile, findings: Iterable[Finding]) -> list[Problem]:
    """Warnings of the file and of the composition, each once."""
    return list(dict.fromkeys((*loaded.warnings, *map(loaded.problem, findings))))


def _read(path: Path) -> dict[str, Any]:
    text = path.read_text("utf-8-sig")
    try:
        if path.suffix == ".toml":
            values: Any = tomllib.loads(text)
        elif path.suffix == ".json":
            values = orjson.loads(text)
        else:
            values = yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, orjson.JSONDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: a brand is a table of fields such as name and sender.")
    return values


def check_outside(
    composition: Composition, where: Whereabouts, brand: Brand | None
) -> list[Finding]:
    """What only the network knows, with a progress bar on a terminal; DNS of a brand of one's own."""
    from rich.progress import Progress

    from emails.outline import Outline
    from newsletter.editions.dns_check import check_dns
    from newsletter.editions.link_check import check_links, check_pictures

    pictures = list(dict.fromkeys(source for source, _ in Outline(composition.html).pictures))
    with Progress(console=aside, transient=True, disable=not aside.is_terminal) as progress:
        task = progress.add_task("Asking", total=len(composition.links) + len(pictures))

        def told() -> None:
            progress.advance(task)

        findings = check_links(composition.links, field=where.field, told=told)
        findings += check_pictures(pictures, field=where.field, told=told)
    if brand is not None:
        findings += check_dns(parse_mailbox("The sender", brand.sender).domain)
    return findings
