"""`newsletter subscribers export | add | show | erase`."""

import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from sqlmodel import Session, select

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
from newsletter.privacy.erasure import empty_webhooks, erase_person
from newsletter.privacy.person import whole_person, whole_timeline
from newsletter.publications import Publication
from newsletter.signup_policy import signup_policy
from subscribers import signup
from subscribers.addresses import KeyedHash, parse
from subscribers.consent import Agreement
from subscribers.errors import UnknownReader
from subscribers.exports import export_csv
from subscribers.history import Told
from subscribers.models import Subscriber
from subscribers.readers import find_by_key
from subscribers.signup import MailKind


def register(app: typer.Typer) -> None:
    app.command("export")(export)
    app.command("add")(add)
    app.command("show")(show)
    app.command("erase")(erase)


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
            data = whole_person(session, find_reader(session, one))
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
            data={"epoch": answer.mail.epoch, "source": asked.source},
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
        reader_id = find_reader(session, email)
        data = whole_person(session, reader_id)
        told = whole_timeline(session, reader_id)
        slugs = {one.id: one.slug for one in session.exec(select(Publication))}
    if as_json:
        emit(data)
        return
    show_table(("What", "Value"), _about(data, slugs))
    say("")
    show_table(("Consent", "When", "From", "In these words"), map(_consent, data["consent"]))
    say("")
    show_table(("When", "What", "From", "Note"), map(_told, told))


def _about(
    data: Mapping[str, Any], slugs: Mapping[int | None, str]
) -> Iterator[tuple[str, object]]:
    """What a person sees of a person: a line for each plain value, and for each subscription."""
    for name in ("email", "name", "language", "time_zone", "attributes", "tags"):
        if data[name]:
            yield name, _in_line(data[name])
    for one in data["subscriptions"]:
        until = f" until {one['paused_until']}" if one["paused_until"] else ""
        muted = f", without {_in_line(one['muted'])}" if one["muted"] else ""
        yield (
            slugs[one["publication_id"]],
            (f"{one['state']}{until}, tracking {one['tracking']}{muted}"),
        )
    for one in data["suppressions"]:
        if not one["lifted_at"]:
            yield "do not mail", one["reason"]


def _in_line(value: Any) -> str:
    """A value on one line: text as it is, lists of texts with commas, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return orjson.dumps(value).decode()


def _consent(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """A record of consent; the version of its wording, and the address it came from, in brackets."""
    act = "granted" if one["granted"] else "withdrawn"
    whence = one["source"] + (f" ({one['ip']})" if one["ip"] else "")
    words = one["wording"] or one["note"]
    version = f" ({one['wording_version']})" if one["wording_version"] else ""
    when = _when(datetime.fromisoformat(one["at"]))
    return f"to {one['kind']}, {act}", when, whence, words + version


def _told(one: Told) -> tuple[str, str, str, str]:
    return _when(datetime.fromtimestamp(one.at, UTC)), one.what, one.source, one.note


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S UTC}"


def erase(
    email: Annotated[str, typer.Argument()],
    yes: Yes = False,
    publication: PublicationSlug = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person for good; figures of sent editions stay, without a name."""
    confirm(f"Erase {email} for good?", yes=yes)

    def work(session: Session) -> str:
        return erase_person(
            session,
            find_reader(session, email),
            Agreement(source="editor"),
            by=actor(),
            hash_of=_hash_of(desk),
            now=now(),
        )

    with open_desk(publication) as desk:
        empty_webhooks(desk.database, desk.database.transact(work))
    if as_json:
        emit({"erased": True})
    else:
        say(f"{email} is erased.")


def find_reader(session: Session, email: str) -> int:
    reader: Subscriber | None = find_by_key(session, parse(email).key)
    if reader is None or reader.id is None:
        raise UnknownReader(f"Nobody with the address {email} is known.")
    return reader.id


def _hash_of(desk: Desk) -> KeyedHash:
    return desk.site.signer.keyed_hash
