"""Against Postfix's smtp-sink, a server that nobody here wrote."""

import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from newsletter.providers.base import OutcomeKind
from newsletter.providers.smtp import SmtpOptions, SmtpProvider
from newsletter.providers.smtp_server import SmtpServer

SMTP_SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

pytestmark = [
    pytest.mark.postfix,
    pytest.mark.skipif(SMTP_SINK is None, reason="Postfix's smtp-sink is not installed"),
]

StartSink = Callable[..., SmtpServer]


@pytest.fixture
def sink() -> Iterator[StartSink]:
    """Start smtp-sink with these arguments."""
    with ExitStack() as stack:

        def start(*arguments: str) -> SmtpServer:
            assert SMTP_SINK is not None
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            user = ["-u", "root"] if Path("/proc/self").owner() == "root" else []
            process = subprocess.Popen([SMTP_SINK, *user, *arguments, f"127.0.0.1:{port}", "128"])
            stack.callback(process.wait)
            stack.callback(process.terminate)
            _wait_until_open(port)
            return SmtpServer.from_url(f"smtp://127.0.0.1:{port}")

        yield start


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("smtp-sink did not start")


def deliver(server: SmtpServer, mailing: Any) -> Counter[OutcomeKind]:
    with closing(SmtpProvider(SmtpOptions(server=server, connections=4, timeout=2.0))) as smtp:
        return Counter(outcome.kind for outcome in smtp.submit(mailing).result(60))


def test_a_window_arrives_whole_and_nobody_twice(
    sink: StartSink, mailing: Any, tmp_path: Path
) -> None:
    server = sink("-d", str(tmp_path / "mail-"))
    assert deliver(server, mailing(200)) == {OutcomeKind.ACCEPTED: 200}
    text = "".join(file.read_text() for file in tmp_path.glob("mail-*"))
    arrived = Counter(
        line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("To:")
    )
    assert arrived == {f"reader-{number}@example.com": 1 for number in range(200)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-r", "rcpt"], OutcomeKind.LATER),
        (["-f", "rcpt"], OutcomeKind.REFUSED),
        (["-r", "data"], OutcomeKind.LATER),
        (["-f", "data"], OutcomeKind.REFUSED),
        (["-r", "."], OutcomeKind.LATER),
        (["-f", "."], OutcomeKind.UNSURE),
        (["-q", "rcpt"], OutcomeKind.LATER),
        (["-q", "."], OutcomeKind.UNSURE),
        (["-p", "-f", "rcpt"], OutcomeKind.REFUSED),
    ],
    ids=" ".join,
)
def test_every_reply_and_cut_of_the_sink_is_understood(
    sink: StartSink, mailing: Any, arguments: list[str], expected: OutcomeKind
) -> None:
    assert deliver(sink(*arguments), mailing(8)) == {expected: 8}
