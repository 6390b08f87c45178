"""Mailboxes that returned mail is fetched from: a Maildir, or one at an IMAP server.

A mail is taken in first and marked as read then, so that no crash loses it. Who finds it again, after
a crash or in a mailbox where nothing can be marked, or beside another worker, is told by its digest
that it has been taken in (intake.py).
"""

import imaplib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.feedback.errors import MailboxAway
from newsletter.feedback.returned.intake import MOST_BYTES, take_in
from newsletter.loopback import is_loopback_host
from newsletter.site import Site

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0
AT_ONCE = 200
"""Mails fetched in one go; the others next time."""
PORTS = {"imap": 143, "imaps": 993}
NOT_NOW = (imaplib.IMAP4.error, OSError)
"""What a server or a file system raises that does not do what it is asked."""


@dataclass(frozen=True)
class Unread:
    """A mail that nobody has read yet."""

    content: Callable[[], bytes | None]
    """None where it can't be read now, or another worker was faster: then it isn't marked."""
    mark: Callable[[], None]
    """Mark it as read, if nobody has."""


def fetch(database: Database, url: str, site: Site, *, now: float) -> tuple[int, int]:
    """Take in what is unread; return how many mails were new, and how many of them are ours.

    All are taken in also where none can be marked, which is told at the end.

    Raises:
        ConfigurationError: the URL is none of a mailbox.
        MailboxAway: it can't be opened or read now.
    """
    seen = ours = 0
    unmarked: Exception | None = None
    with open_mailbox(url) as unread:
        for mail in unread:
            content = mail.content()
            if content is None:
                continue
            taken = database.transact(partial(take_in, mail=content, site=site, now=now))
            seen += taken.new
            ours += taken.new and taken.ours
            try:
                mail.mark()
            except NOT_NOW as error:
                unmarked = error
        if unmarked:
            raise unmarked
    return seen, ours


def check(url: str) -> None:
    """Look for unread mail without reading any; errors as for `fetch`."""
    with open_mailbox(url) as unread:
        next(unread, None)


@contextmanager
def open_mailbox(url: str) -> Iterator[Iterator[Unread]]:
    """Open `maildir:///path` or `imaps://user:password@host/FOLDER`; errors as for `fetch`."""
    parts = urlsplit(url)
    if parts.scheme == "maildir" and parts.path:
        with _maildir(Path(unquote(parts.path))) as unread:
            yield unread
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


@contextmanager
def _maildir(folder: Path) -> Iterator[Iterator[Unread]]:
    """What lies in `new`; reading moves it to `cur`, as mail readers do (maildir(5))."""
    try:
        yield _new_in(folder)
    except OSError as error:
        raise MailboxAway(
            f"The Maildir {folder} can't be used: {error}. "
            "BOUNCE_MAILBOX names a folder with new and cur in it, where we may move mails."
        ) from error


def _new_in(folder: Path) -> Iterator[Unread]:
    mails = (path for path in sorted((folder / "new").iterdir()) if path.is_file())
    for path in islice(mails, AT_ONCE):
        read = folder / "cur" / f"{path.name}:2,S"
        yield Unread(partial(_content, path), partial(_move, path, read))


def _content(path: Path) -> bytes | None:
    try:
        return _head_of(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("a returned mail can't be read, and stays in the mailbox: %s", error)
        return None


def _move(new: Path, read: Path) -> None:
    try:
        new.rename(read)
    except FileNotFoundError:
        if new.exists():
            raise  # it is `cur` that is missing


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
    except NOT_NOW as error:
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
        yield Unread(partial(_fetched, client, number), partial(_mark, client, number))


def _fetched(client: imaplib.IMAP4, number: str) -> bytes | None:
    parts = _checked(client.uid("FETCH", number, f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
    return next((part[1] for part in parts if isinstance(part, tuple)), None)


def _mark(client: imaplib.IMAP4, number: str) -> None:
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
