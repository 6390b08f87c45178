"""`newsletter doctor`: what is not right yet, each with its cure."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from tempfile import TemporaryFile

import typer
from sqlmodel import select

from emails.errors import HeaderError
from emails.headers import is_international, parse_mailbox
from newsletter.cli.desk import no_file, require_set_up
from newsletter.cli.output import AsJson, console, emit
from newsletter.database import Database
from newsletter.dispatch.lookout import disks, stranded
from newsletter.dispatch.mailing import ascii_address
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.permission import why_unsafe
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.feedback import sendgrid
from newsletter.feedback.returned import mailboxes
from newsletter.migrate import is_current
from newsletter.publications import Publication
from newsletter.settings import Settings, load_settings
from newsletter.time_zones import zone_of

ROOM = "Make room: a send that can't be written down waits until there is some."


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `cure` is empty where it is fine."""

    check: str
    ok: bool
    words: str
    cure: str = ""


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Look at database, migrations, secret, base URL, provider, alerts and where bounces come."""
    settings = load_settings()
    findings = list(examine(settings))
    if as_json:
        emit({"ok": all(one.ok for one in findings), "checks": [asdict(one) for one in findings]})
    else:
        for one in findings:
            console.print(f"{'✔' if one.ok else '✖'} {one.check}: {one.words}", markup=False)
            if one.cure:
                console.print(f"    {one.cure}", markup=False)
    sys.exit(0 if all(one.ok for one in findings) else 1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what each check found, in the order in which things are set up."""
    database = Database(settings.database_url)
    try:
        require_set_up(database)
        yield from _database(database, settings.provider)
    finally:
        database.close()
    yield from _disks(settings)
    yield _secret(settings)
    yield _base_url(settings)
    yield from _provider(settings)
    if settings.provider == "folder":
        yield _folder(settings)
    yield from _news(settings)


def _database(database: Database, provider: str) -> Iterator[Finding]:
    if file := database.missing_file:
        yield Finding("database", False, "not there", no_file(file))
        return
    reached = _try("database", database.check, "it answers")
    yield reached
    if not reached.ok:
        return
    if not is_current(database):
        yield Finding("migrations", False, "tables are missing or old", "Run `newsletter migrate`.")
        return
    yield Finding("migrations", True, "tables are those of this version")
    with database.reading() as session:
        stored = session.exec(select(Publication)).all()
    if stored:
        yield Finding("publication", True, ", ".join(one.slug for one in stored))
    else:
        yield Finding("publication", False, "none is stored", "Run `newsletter init`.")
    yield from map(_time_zone, stored)
    yield from _waiting(database, provider)


def _time_zone(publication: Publication) -> Finding:
    check = f"time zone of {publication.slug}"
    try:
        zone_of(publication.time_zone)
    except ConfigurationError as error:
        cure = "Set time_zone in newsletter.toml's [publication], and run `newsletter init`."
        return Finding(check, False, str(error), cure)
    return Finding(check, True, publication.time_zone)


def _waiting(database: Database, provider: str) -> Iterator[Finding]:
    """Batches that only another provider may send."""
    with database.reading() as session:
        for one in stranded(session, provider):
            words = f"{one.batches} batches wait for {one.provider}, and provider is {provider}"
            yield Finding(f"edition {one.edition.name}", False, words, one.cure)


def _disks(settings: Settings) -> Iterator[Finding]:
    for disk in disks(settings):
        room = disk.used <= settings.disk_full_at
        yield Finding(f"disk of {disk.path}", room, f"{disk.used:.0%} full", "" if room else ROOM)


def _secret(settings: Settings) -> Finding:
    if settings.secret_flaw:
        return Finding(
            "secret",
            False,
            f"secret_key {settings.secret_flaw}: anybody could forge links",
            "Run `newsletter init`, or set secret_key to a long random text.",
        )
    return Finding("secret", True, "set")


def _base_url(settings: Settings) -> Finding:
    if not settings.has_whole_base_url:
        return Finding(
            "base URL",
            False,
            f"{settings.base_url} has no scheme or no host: no link in a mail would work",
            "Set base_url to an address such as https://news.example.org.",
        )
    if settings.has_public_base_url or settings.provider == "folder":
        return Finding("base URL", True, settings.base_url)
    return Finding(
        "base URL",
        False,
        f"{settings.base_url} can't be reached by readers",
        "Set base_url to the site's public https address.",
    )


def _provider(settings: Settings) -> Iterator[Finding]:
    try:
        provider = open_outlet(settings)
    except NewsletterError as error:
        yield Finding("provider", False, settings.provider, str(error))
        return
    try:
        yield _try("provider", provider.check, f"{provider.name} lets us in")
        yield from _readiness(settings, lambda one: why_unsafe(settings, one, provider))
    finally:
        provider.close()


def _readiness(
    settings: Settings, problems_of: Callable[[Publication], tuple[str, ...]]
) -> Iterator[Finding]:
    """Whether real mail may leave, publication by publication."""
    database = Database(settings.database_url)
    if database.missing_file:
        return
    try:
        with database.reading() as session:
            publications = session.exec(select(Publication)).all()
    except Exception:  # noqa: BLE001 - said above, by the database's own check
        return
    finally:
        database.close()
    for publication in publications:
        problems = problems_of(publication)
        words = "may send" if not problems else "may not send yet"
        yield Finding(f"sending as {publication.slug}", not problems, words, " ".join(problems))


def _folder(settings: Settings) -> Finding:
    folder = settings.mail_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "mail folder",
            False,
            f"{folder} can't be written ({error.strerror})",
            "Set mail_folder to a folder of yours, or give this user the right to write there.",
        )
    return Finding("mail folder", True, str(folder))


def _news(settings: Settings) -> Iterator[Finding]:
    """What tells of trouble, as far as it is set: alerts, returned mail, the provider's events."""
    if settings.alert_email:
        yield _alerts(settings.alert_email)
    if mailbox := settings.bounce_mailbox.get_secret_value():
        yield _try("bounce mailbox", partial(mailboxes.check, mailbox), "it opens")
    if settings.provider == sendgrid.PROVIDER and settings.sendgrid_webhook_public_key:
        key = settings.sendgrid_webhook_public_key
        act = partial(sendgrid.check_key, key)
        yield _try("webhook key", act, "it is a public key", failed="it is none")


def _alerts(email: str) -> Finding:
    if _fits_a_header(ascii_address(email)):
        return Finding("alerts", True, f"they go to {email}")
    return Finding(
        "alerts",
        False,
        f"alert_email is {email!r}, which is no address: no alert would come by mail",
        "Set alert_email to an address without a name, such as desk@news.example.org.",
    )


def _fits_a_header(email: str) -> bool:
    """Whether mail can be sent to it: a bare address, as it goes into To and to the server."""
    try:
        return is_international(email) or parse_mailbox("alert_email", email).address == email
    except HeaderError:
        return False


def _try(
    check: str, act: Callable[[], None], words: str, *, failed: str = "not reached"
) -> Finding:
    try:
        act()
    except NewsletterError as error:
        return Finding(check, False, failed, str(error))
    return Finding(check, True, words)
