"""What you preview is what is sent: the same bytes everywhere, but for the reader's token."""

import email
import re
from contextlib import closing
from email import policy
from email.message import EmailMessage
from pathlib import Path

import httpx

from newsletter.cli.compose import load_addresses
from newsletter.database import Database
from newsletter.publications import find_publication
from newsletter.settings import Settings, load_settings
from newsletter.web.app import create_app
from newsletter.web.preview import NO_PIXEL, create_preview
from newsletter.web.serving import serving
from tests.newsletter.cli.conftest import CONFIG, Shell

DATE = "2026-11-22"
EVERYTHING = Path(__file__).parents[2] / "emails" / "everything.yaml"
SLOT_WORD = re.compile(rb"Q[0-9a-f]{9}R\d+Q")
TOKEN = b"TOKEN"
NAMES = {"a@example.com": "A", "b@example.com": "B", "c@example.com": "C"}
"""As the shell's readers are called; the test mail goes to nobody."""


def parts(path: Path) -> tuple[bytes, bytes]:
    """HTML and text of a message, with line breaks, token and reader's name made alike."""
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    token = str(message["List-Unsubscribe"]).partition("/unsubscribe/")[2].partition(">")[0]
    assert len(token) > 10
    html, text = (
        _nameless(_octets(message, kind), NAMES.get(message["To"])).replace(token.encode(), TOKEN)
        for kind in ("html", "plain")
    )
    return html, text


def _nameless(part: bytes, name: str | None) -> bytes:
    """The part with the fallbacks of everything.yaml in place of `name`, which must be there."""
    if name is None:
        return part
    friend = b"friend &amp; reader" if part.startswith(b"<!DOCTYPE") else b"friend & reader"
    assert b"dear %b," % name.encode() in part
    for own, fallback in (
        (b"dear %b,", b"dear %b," % friend),
        (b"<strong>%b</strong>", b"<strong>%b</strong>" % friend),
        (b"kinds, %b, on", b"kinds, reader, on"),
    ):
        part = part.replace(own % name.encode(), fallback)
    return part


def _octets(message: EmailMessage, kind: str) -> bytes:
    body = message.get_body((kind,))
    assert body is not None
    octets = body.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets.replace(b"\r\n", b"\n").rstrip(b"\n")


def sent(shell: Shell, tracking: str) -> Settings:
    """Send an edition of everything as a test and to all; the settings that it was sent by."""
    shell.write("newsletter.toml", f'{CONFIG}tracking = "{tracking}"\n')
    shell.write("edition.yaml", EVERYTHING.read_text("utf-8"))
    for words in (
        ("init",),
        ("edition", "import", "edition.yaml"),
        ("send", DATE, "--test", "me@example.com"),
        ("edition", "approve", DATE),
        ("send", DATE, "--yes", "--wait"),
    ):
        answer = shell(*words)
        assert answer.code == 0, answer.err
    settings = load_settings(shell.folder / "newsletter.toml")
    return settings.model_copy(
        update={"database_url": f"sqlite:///{shell.folder}/newsletter.sqlite3"}
    )


def all_parts(shell: Shell) -> set[tuple[bytes, bytes]]:
    files = list(shell.folder.glob("mail/**/*.eml"))
    assert len(files) == 4  # three readers and the test
    return {parts(path) for path in files}


def test_test_mail_and_dispatch_and_archive_are_the_same(shell: Shell) -> None:
    settings = sent(shell, "off")
    ((html, _text),) = all_parts(shell)

    with (
        closing(Database(settings.database_url)) as database,
        serving(lambda _: create_app(settings, database)) as address,
    ):
        archived = httpx.get(f"{address}/archive/{DATE}/email").raise_for_status().content

    web_copy = re.search(rb"/unsubscribe/([^\"]+)\"", archived)
    assert web_copy is not None
    assert archived.replace(web_copy[1], TOKEN).rstrip(b"\n") == html


def test_preview_is_what_is_sent(shell: Shell) -> None:
    settings = sent(shell, "linked")  # what a preview shows
    ((html, text),) = all_parts(shell)

    with closing(Database(settings.database_url)) as database, database.reading() as session:
        brand = find_publication(session).brand(settings.base_url)
    app = create_preview(EVERYTHING, lambda _: brand, lambda issue: load_addresses(None, issue))
    with serving(lambda _: app) as address:
        seen = [
            httpx.get(f"{address}/{part}").raise_for_status().content for part in ("mail", "text")
        ]

    placed = [_placed(part, settings.base_url) for part in seen]
    assert placed == [html, text]


def _placed(preview: bytes, base_url: str) -> bytes:
    """A preview with the addresses that a publication has, and its pixel."""
    filled = SLOT_WORD.sub(TOKEN, preview).replace(
        NO_PIXEL.encode(), b"%b/o/%b.gif" % (base_url.encode(), TOKEN)
    )
    return filled.replace(b"https://newsletter.example", base_url.encode()).rstrip(b"\n")


def test_compose_shows_the_fallbacks(bare: Shell) -> None:
    composed = bare("compose", str(EVERYTHING), "--out", "out", "--json").json
    assert composed["subject"] == "All the kinds, reader, on one page"
    message = email.message_from_bytes(
        (bare.folder / "out" / "edition.eml").read_bytes(), policy=policy.default
    )
    assert message["Subject"] == composed["subject"]
    for name in ("edition.html", "edition.txt", "edition.mjml", "edition.eml"):
        written = (bare.folder / "out" / name).read_bytes()
        assert not SLOT_WORD.search(written) or name == "edition.mjml"  # it keeps the token's
        assert b"{{" not in written
