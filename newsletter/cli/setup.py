"""`newsletter init`, `newsletter migrate`: a house to publish from."""

import os
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import typer
from pydantic import ValidationError

from newsletter.cli.output import AsJson, aside, emit, say
from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.invalid import in_words
from newsletter.logs import configure_logs
from newsletter.migrate import upgrade
from newsletter.publications import store_publication
from newsletter.settings import (
    CONFIG_FILE,
    PublicationSettings,
    Settings,
    config_path,
    load_settings,
)

SENDER_ADDRESS = "news@example.org"
QUESTIONS = (
    ("name", "Name of the publication", "The Example Ledger"),
    ("slug", "Slug (lower case, in addresses)", None),
    ("sender", "Sender", None),
    ("postal_address", "Postal address, for the foot of every mail", ""),
    ("time_zone", "Time zone", "UTC"),
)


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(migrate)


def init(as_json: AsJson = False) -> None:
    """Set up: write newsletter.toml (asking where there is none), migrate, store the publication.

    Can be repeated: it brings the stored publication up to what newsletter.toml says.
    """
    path = config_path()
    if not path.is_file():
        _write_config(path, _ask())
    settings = load_settings(path)
    configure_logs(settings.log_level)
    if settings.publication is None:
        raise ConfigurationError(
            f"{path} has no [publication] table. Give it slug, name, sender and postal_address."
        )
    upgrade(settings.database_url)
    _store(settings, settings.publication)
    _tell(settings, settings.publication, as_json=as_json)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database's tables to this version; can be repeated."""
    settings = load_settings()
    configure_logs(settings.log_level)
    upgrade(settings.database_url)
    if as_json:
        emit({"migrated": True})
    else:
        say("The database has the tables of this version.")


def _store(settings: Settings, publication: PublicationSettings) -> None:
    database = Database(settings.database_url)
    with database.writing() as session:
        store_publication(session, publication)
    database.close()


def _tell(settings: Settings, publication: PublicationSettings, *, as_json: bool) -> None:
    if settings.secret_flaw:
        aside.print(
            f"secret_key {settings.secret_flaw}. Put a line like this into newsletter.toml:\n"
            f'secret_key = "{secrets.token_urlsafe(32)}"',
            markup=False,
        )
    if as_json:
        emit({"publication": publication.slug, "database": settings.database_url.split("://")[0]})
        return
    say(f"{publication.name} is set up. Next:")
    say("  newsletter subscribers import readers.csv")
    say("  newsletter edition import 2026-11-22.yaml")
    say("  newsletter run")


def _ask() -> dict[str, str]:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"There is no {CONFIG_FILE} here and nobody to ask. Write one with a [publication] "
            "table (slug, name, sender, postal_address), or run `newsletter init` on a terminal."
        )
    answers: dict[str, str] = {}
    for key, question, default in QUESTIONS:
        suggestion = _suggest(key, answers["name"]) if default is None else default
        answers[key] = typer.prompt(question, default=suggestion, value_proc=partial(_fit, key))
    return answers


def _suggest(key: str, name: str) -> str:
    return _slug_of(name) if key == "slug" else f"{name} <{SENDER_ADDRESS}>"


def _fit(key: str, answer: str) -> str:
    """Return the answer, where the publication may have it; else the question comes again."""
    blank = PublicationSettings.model_construct(slug="", name="", sender="")
    try:
        PublicationSettings.__pydantic_validator__.validate_assignment(blank, key, answer)
    except ValidationError as error:
        raise typer.BadParameter(in_words(error.errors()[0])) from error
    return answer


def _slug_of(name: str) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "-".join(word for word in words if word.isascii()) or "newsletter"


def _write_config(path: Path, publication: dict[str, Any]) -> None:
    """Write a first newsletter.toml, readable by its owner only: it holds the secret."""
    lines = [
        "# Every setting is explained in docs/settings.md.",
        f'secret_key = "{secrets.token_urlsafe(32)}"',
        '# base_url = "https://news.example.org"',
        '# provider = "sendgrid"   # or "smtp"; "folder" writes .eml files and sends nothing',
        "",
        "[publication]",
        # A JSON string is a TOML string.
        *(f"{key} = {orjson.dumps(value).decode()}" for key, value in publication.items()),
        'topics = []   # {key = "labs", label = "AI Labs"}: what readers can mute',
        "",
    ]
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    say(f"Wrote {path}.")
