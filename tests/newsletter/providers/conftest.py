"""A small mailing, and an SMTP server that answers as a test's script says."""

import contextlib
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from emails.composition import Composition
from emails.mime import MailHeaders
from newsletter.providers.base import Mailing, Recipient

WORD = "Q7f3a9c01bR0Q"
CUT = "cut"
HANG = "hang"

MakeMailing = Callable[..., Mailing]


def make_mailing(count: int = 3, *, first: int = 0, **changes: Any) -> Mailing:
    """Readers reader-FIRST@example.com and following, tokens token-FIRST and following."""
    page = f'<p>Hello</p><a href="https://news.example/unsubscribe/{WORD}">Leave</a>'
    recipients = [
        Recipient(
            key=f"1-{number}",
            email=f"reader-{number}@example.com",
            message_id=f"<1-{number}@news.example>",
            values={"token": f"token-{number}"},
        )
        for number in range(first, first + count)
    ]
    values: dict[str, Any] = {
        "composition": Composition(
            subject="News",
            preheader="",
            mjml="",
            html=f"<!DOCTYPE html><html><body>{page}</body></html>",
            text=f"Hello\n.dot\nLeave: https://news.example/unsubscribe/{WORD}\n",
            slots={"token": WORD},
        ),
        "headers": MailHeaders(
            sender="The News <news@news.example>",
            date=1_790_000_000.0,
            message_id_domain="news.example",
            list_id="news.news.example",
            list_unsubscribe="https://news.example/unsubscribe/{token}",
        ),
        "recipients": recipients,
        "edition": "2026-11-22",
        "batch": "7",
        **changes,
    }
    return Mailing(**values)


@pytest.fixture
def mailing() -> MakeMailing:
    return make_mailing


class ScriptedServer(socketserver.ThreadingTCPServer):
    """An SMTP server whose script maps a whole line, a verb, or "." (the end of a message) to the
    replies of the next times; after them it answers as a healthy server does."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, script: Mapping[str, list[str]], *, pipelining: bool) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.script = {line: list(replies) for line, replies in script.items()}
        self.pipelining = pipelining
        self.messages: list[tuple[str, bytes]] = []
        self.connections = 0
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    @property
    def recipients(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.messages)

    def scripted(self, *lines: str) -> str | None:
        with self.lock:
            for line in lines:
                if self.script.get(line):
                    return self.script[line].pop(0)
        return None


class Talk(socketserver.StreamRequestHandler):
    server: ScriptedServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._talk()

    def _talk(self) -> None:
        with self.server.lock:
            self.server.connections += 1
        self.recipient: str | None = None
        if not self._say(self.server.scripted("connect") or "220 scripted"):
            return
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            reply = self.server.scripted(line, verb) or self._default(verb, line)
            if not self._say(reply):
                return
            if verb == "RCPT" and reply.startswith("250"):
                self.recipient = line.partition("<")[2].rstrip(">")
            if verb == "DATA" and reply.startswith("354") and not self._body():
                return

    def _default(self, verb: str, line: str) -> str:
        if verb == "EHLO":
            extra = "250-PIPELINING\r\n" if self.server.pipelining else ""
            return f"250-scripted\r\n{extra}250 8BITMIME"
        if verb == "RSET":
            self.recipient = None
        if verb == "DATA":
            return "354 go on" if self.recipient else "503 5.5.1 no recipient"
        return "221 bye" if verb == "QUIT" else "250 2.0.0 ok"

    def _body(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
        reply = self.server.scripted(".") or "250 2.0.0 queued"
        if reply.startswith("250") and self.recipient:
            with self.server.lock:
                self.server.messages.append((self.recipient, b"".join(lines)))
        self.recipient = None
        return self._say(reply)

    def _say(self, reply: str) -> bool:
        if reply == HANG:
            self.server.over.wait()
        if reply in {HANG, CUT}:
            return False
        self.wfile.write(reply.encode() + b"\r\n")
        return True


Serve = Callable[..., ScriptedServer]


@pytest.fixture
def smtp_server() -> Iterator[Serve]:
    """Start a scripted server: `smtp_server({"RCPT": ["450 busy"]}, pipelining=False)`."""
    with contextlib.ExitStack() as stack:

        def serve(
            script: Mapping[str, list[str]] | None = None, *, pipelining: bool = True
        ) -> ScriptedServer:
            server = stack.enter_context(ScriptedServer(script or {}, pipelining=pipelining))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            stack.callback(server.over.set)
            return server

        yield serve
