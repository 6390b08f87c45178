"""Mailboxes that returned mail is fetched from: a Maildir, or one at an IMAP server.

A mail is marked as read once it is in the inbox: after a crash in between it is read again, and
counts once.
"""

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.feedback.errors import MailboxAway
from newsletter.feedback.returned.intake import MOST_BYTES, take_in
from newsletter.loopback import is_loopback_host
from newsletter.site import Site

TIMEOUT_SECONDS = 30.0
AT_ONCE = 200
"""Mails fetched in one go; the others next time."""
PORTS = {"imap": 143, "imaps": 993}


@dataclass(frozen=True)
class Unread:
    """A mail that nobody has read yet."""

    content: bytes
    mark_read: Callable[[], None]


def fetch(database: Database, url: str, site: Site, *, now: float) -> tuple[int, int]:
    """Take in what is unread; return how many mails, and how many of them bear a token of ours.

    Raises:
        ConfigurationError: the URL is none of a mailbox.
        MailboxAway: it can't be opened or read now.
    """
    seen = ours = 0
    with open_mailbox(url) as unread:
        for mail in unread:
            ours += database.transact(partial(take_in, mail=mail.content, site=site, now=now))
            mail.mark_read()
            seen += 1
    return seen, ours


@contextmanager
def open_mailbox(url: str) -> Iterator[Iterator[Unread]]:
    """Open `maildir:///path` or `imaps://user:password@host/FOLDER`; errors as for `fetch`."""
    parts = urlsplit(url)
    if parts.scheme == "maildir" and parts.path:
        yield _maildir(Path(unquote(parts.path)))
    elif parts.scheme in PORTS and parts.hostname and parts.username:
        if parts.scheme == "imap" and not is_loopback_host(parts.hostname):
            raise ConfigurationError(
                "BOUNCE_MAILBOX: the password would cross the network in the clear; use imaps://"
            )
        with _imap(parts) as unread:
            yield unread
    else:
        raise ConfigurationError(
            "BOUNCE_MAILBOX is maildir:///path or imaps://user:password@host/INBOX."
        )


def _maildir(folder: Path) -> Iterator[Unread]:
    """What lies in `new`; reading moves it to `cur`, as mail readers do (maildir(5))."""
    try:
        for path in sorted((folder / "new").iterdir())[:AT_ONCE]:
            yield Unread(_head_of(path), partial(_move_to_cur, path))
    except OSError as error:
        raise MailboxAway(
            f"The Maildir {folder} can't be read ({error.strerror}). "
            "BOUNCE_MAILBOX names a folder with new and cur in it."
        ) from error


def _move_to_cur(path: Path) -> None:
    path.rename(path.parents[1] / "cur" / f"{path.name}:2,S")


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


@contextmanager
def _imap(parts: SplitResult) -> Iterator[Iterator[Unread]]:
    try:
        client = _connected(parts)
        try:
            client.login(unquote(parts.username or ""), unquote(parts.password or ""))
            _checked(client.select(_quoted(unquote(parts.path.strip("/")) or "INBOX")))
            yield _unseen(client)
        finally:
            client.logout()
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxAway(
            f"The mailbox at {parts.hostname} can't be read: {error}. Check BOUNCE_MAILBOX."
        ) from error


def _connected(parts: SplitResult) -> imaplib.IMAP4:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    kind = imaplib.IMAP4_SSL if parts.scheme == "imaps" else imaplib.IMAP4
    return kind(host, port, timeout=TIMEOUT_SECONDS)


def _unseen(client: imaplib.IMAP4) -> Iterator[Unread]:
    """Unseen mails by their unique ids (RFC 3501 §6.4.8), without marking them by the look."""
    found = _checked(client.uid("SEARCH", "UNSEEN"))
    numbers = (found[0] or b"").decode("ascii").split()
    for number in numbers[:AT_ONCE]:
        parts = _checked(client.uid("FETCH", number, f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
        content = next((part[1] for part in parts if isinstance(part, tuple)), b"")
        yield Unread(content, partial(_mark_seen, client, number))


def _mark_seen(client: imaplib.IMAP4, number: str) -> None:
    _checked(client.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"))


def _checked(answer: tuple[str, list[Any]]) -> list[Any]:
    word, parts = answer
    if word != "OK":
        raise imaplib.IMAP4.error(f"the server answers {word}: {parts!r}")
    return parts


def _quoted(name: str) -> str:
    """A mailbox's name as a quoted string (RFC 3501 §9)."""
    escaped = name.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
