"""Returned mail is fetched from a Maildir or an IMAP server, each mail once."""

import mailbox
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlmodel import select

from newsletter.database import Database
from newsletter.errors import ConfigurationError, DatabaseError
from newsletter.feedback.duty import fetch_returned
from newsletter.feedback.errors import MailboxAway
from newsletter.feedback.models import InboxItem
from newsletter.feedback.returned.intake import take_in
from newsletter.feedback.returned.mailboxes import Unread, fetch, open_mailbox
from newsletter.site import Site
from newsletter.tokens import Signer
from tests.newsletter.feedback.mailed import NOW, Mailed
from tests.newsletter.feedback.returned.mails import postfix

SITE = Site("https://ledger.example", Signer("a secret for tests"), "bounces@ledger.example")
FETCH = re.compile(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.\d+>\)")


@pytest.fixture
def edition_id(mailed: Mailed) -> int:
    return mailed.edition(mailed.readers(3))


def test_a_maildir_is_read_once_and_marked(mailed: Mailed, edition_id: int, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(postfix(SITE.return_path(edition_id, 1)))
    box.add(b"Subject: hello\n\nNothing of ours.")
    url = f"maildir://{tmp_path}/bounces"

    assert fetch(mailed.database, url, SITE, now=NOW) == (2, 1)
    assert fetch(mailed.database, url, SITE, now=NOW) == (0, 0)

    mailed.work()
    assert mailed.delivery(edition_id, 1).state == "bounced"
    assert {message.get_flags() for message in box} == {"S"}


def test_a_maildir_that_nothing_can_be_moved_in_is_told_and_all_of_it_read_once(
    mailed: Mailed, edition_id: int, tmp_path: Path
) -> None:
    url = f"maildir://{tmp_path}"
    (tmp_path / "new").mkdir()
    for number in (1, 2):
        mail = postfix(SITE.return_path(edition_id, number))
        (tmp_path / "new" / f"{number}").write_bytes(mail)

    for _ in range(2):
        with pytest.raises(MailboxAway):
            fetch(mailed.database, url, SITE, now=NOW)
    assert stored(mailed) == 2

    (tmp_path / "cur").mkdir()
    assert fetch(mailed.database, url, SITE, now=NOW) == (0, 0)
    assert {path.name for path in (tmp_path / "cur").iterdir()} == {"1:2,S", "2:2,S"}
    assert stored(mailed) == 2


def test_what_is_no_mail_is_passed_over(mailed: Mailed, edition_id: int, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    (tmp_path / "bounces" / "new" / "0").mkdir()
    box.add(postfix(SITE.return_path(edition_id, 1)))
    assert fetch(mailed.database, f"maildir://{tmp_path}/bounces", SITE, now=NOW) == (1, 1)


def test_what_can_not_be_stored_stays_unread(
    mailed: Mailed, edition_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(postfix(SITE.return_path(edition_id, 1)))
    url = f"maildir://{tmp_path}/bounces"

    def away(*_: object, **__: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "transact", away)
        with pytest.raises(DatabaseError):
            fetch(mailed.database, url, SITE, now=NOW)
    assert fetch(mailed.database, url, SITE, now=NOW) == (1, 1)


def test_what_can_not_be_read_now_stays_unread(
    mailed: Mailed, edition_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(postfix(SITE.return_path(edition_id, 1)))
    url = f"maildir://{tmp_path}/bounces"

    def fail(*_: object) -> None:
        raise PermissionError("not yours")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", fail)
        assert fetch(mailed.database, url, SITE, now=NOW) == (0, 0)
    assert fetch(mailed.database, url, SITE, now=NOW) == (1, 1)


Together = Callable[[str], tuple[int, ...]]


@pytest.fixture
def together(mailed: Mailed, monkeypatch: pytest.MonkeyPatch) -> Together:
    """What two workers take in of a mailbox who have both seen what is unread when they begin."""
    both = threading.Barrier(2)

    @contextmanager
    def all_look_first(url: str) -> Iterator[Iterator[Unread]]:
        with open_mailbox(url) as unread:
            mails = list(unread)
            both.wait(timeout=30)
            yield iter(mails)

    monkeypatch.setattr("newsletter.feedback.returned.mailboxes.open_mailbox", all_look_first)

    def fetch_together(url: str) -> tuple[int, ...]:
        with ThreadPoolExecutor(2) as pool:
            work = [pool.submit(fetch, mailed.database, url, SITE, now=NOW) for _ in range(2)]
            return tuple(map(sum, zip(*(one.result() for one in work), strict=True)))

    return fetch_together


def test_two_workers_at_once_take_each_mail_of_a_maildir_in_once(
    mailed: Mailed, edition_id: int, together: Together, tmp_path: Path
) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    for reader in (1, 2, 3):
        box.add(postfix(SITE.return_path(edition_id, reader)))

    assert together(f"maildir://{tmp_path}/bounces") == (3, 3)

    assert stored(mailed) == 3
    assert {message.get_flags() for message in box} == {"S"}


def test_a_crash_before_the_mark_neither_loses_a_mail_nor_takes_it_in_twice(
    mailed: Mailed, edition_id: int, tmp_path: Path
) -> None:
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(postfix(SITE.return_path(edition_id, 1)))
    url = f"maildir://{tmp_path}/bounces"
    with open_mailbox(url) as unread, mailed.database.writing() as session:
        content = next(unread).content()
        assert content is not None
        assert take_in(session, content, SITE, now=NOW).new

    assert fetch(mailed.database, url, SITE, now=NOW) == (0, 0)

    assert stored(mailed) == 1
    assert {message.get_flags() for message in box} == {"S"}


def stored(mailed: Mailed) -> int:
    with mailed.database.reading() as session:
        return len(session.exec(select(InboxItem)).all())


class ImapServer(socketserver.ThreadingTCPServer):
    """One mailbox, and as much of RFC 3501 as a client needs that reads what is unseen."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mails: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), ImapTalk)
        self.mails = dict(enumerate(mails, 1))
        self.seen: set[int] = set()


class ImapTalk(socketserver.StreamRequestHandler):
    server: ImapServer

    def handle(self) -> None:
        self.wfile.write(b"* OK IMAP4rev1 ready\r\n")
        while line := self.rfile.readline().decode().strip():
            tag, _, command = line.partition(" ")
            self._answer(command)
            refused = command.startswith("LOGIN") and '"right"' not in command
            word = "NO no" if refused else "OK done"
            self.wfile.write(f"{tag} {word}\r\n".encode())

    def _answer(self, command: str) -> None:
        if command == "CAPABILITY":
            self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif command == "UID SEARCH UNSEEN":
            unseen = sorted(set(self.server.mails) - self.server.seen)
            self.wfile.write(f"* SEARCH {' '.join(map(str, unseen))}\r\n".encode())
        elif found := FETCH.fullmatch(command):
            mail = self.server.mails[int(found[1])]
            self.wfile.write(b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\n%b)\r\n" % (len(mail), mail))
        elif command.startswith("UID STORE"):
            self.server.seen.add(int(command.split()[2]))


@pytest.fixture
def imap(mailed: Mailed, edition_id: int) -> Iterator[ImapServer]:
    mails = [postfix(SITE.return_path(edition_id, reader)) for reader in (1, 2)]
    with ImapServer([mail.replace(b"\n", b"\r\n") for mail in mails]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url_of(server: ImapServer, password: str = "right") -> str:
    return f"imap://desk:{password}@127.0.0.1:{server.server_address[1]}/INBOX"


def test_a_mailbox_at_a_server_is_read_once(
    mailed: Mailed, edition_id: int, imap: ImapServer
) -> None:
    assert fetch(mailed.database, url_of(imap), SITE, now=NOW) == (2, 2)
    assert imap.seen == {1, 2}
    assert fetch(mailed.database, url_of(imap), SITE, now=NOW) == (0, 0)

    mailed.work()
    assert mailed.delivery(edition_id, 2).state == "bounced"


def test_two_workers_at_once_take_each_mail_at_a_server_in_once(
    mailed: Mailed, edition_id: int, together: Together, imap: ImapServer
) -> None:
    assert together(url_of(imap)) == (2, 2)
    assert imap.seen == {1, 2}
    assert stored(mailed) == 2


def test_a_refused_password_is_said_without_the_password(mailed: Mailed, imap: ImapServer) -> None:
    with pytest.raises(MailboxAway) as caught:
        fetch(mailed.database, url_of(imap, "wrong"), SITE, now=NOW)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("maildir:///no/such/folder", MailboxAway),
        ("imap://desk:word@127.0.0.1:9", MailboxAway),
        ("imap://desk:word@mail.example", ConfigurationError),
        ("pop3://desk:word@mail.example", ConfigurationError),
    ],
)
def test_a_mailbox_that_does_not_open_stops_nothing(
    mailed: Mailed, url: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(error):
        fetch(mailed.database, url, SITE, now=NOW)
    assert fetch_returned(mailed.database, url, SITE, now=NOW) == 0
    assert "BOUNCE_MAILBOX" in caplog.text


def test_without_a_mailbox_nothing_is_fetched(mailed: Mailed) -> None:
    assert fetch_returned(mailed.database, "", SITE, now=NOW) == 0
    with mailed.database.reading() as session:
        assert session.exec(select(InboxItem)).all() == []
