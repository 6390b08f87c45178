"""Receiving ends on this machine, and what they say has arrived."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from newsletter.bench.errors import BenchError, MissingTool
from newsletter.bench.helper import Helper

SBIN = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", os.environ.get("PATH", "")))
START_SECONDS = 10.0
BACKLOG = "1000"
SMTP_PORT = 25
KEY = "SG.bench"
"""What an endpoint of ours is given as SendGrid's key: it asks for none."""
_COUNTED = re.compile(rb"mesg=(\d+)")


@dataclass(frozen=True)
class Tally:
    """What has arrived; None where the receiving end can't tell.

    `messages` counts each message, `readers` those who got at least one.
    """

    messages: int | None = None
    readers: int | None = None

    def since(self, before: "Tally") -> "Tally":
        """What has come after `before` was told."""
        return Tally(_less(self.messages, before.messages), _less(self.readers, before.readers))

    def against(self, recipients: int) -> dict[str, int]:
        """How many are `missing` and how many came twice (`duplicates`), where that is known.

        An end that counts only messages would not notice one missing beside one twice; the
        ledger, which is asked as well, would.
        """
        arrived = self.messages if self.readers is None else self.readers
        if arrived is None:
            return {}
        found = {"missing": max(0, recipients - arrived)}
        if self.messages is not None:
            once = recipients if self.readers is None else self.readers
            found["duplicates"] = max(0, self.messages - once)
        return found


@dataclass(frozen=True)
class Receiver:
    """Where the mail goes: settings for the sender, and how to ask what came."""

    settings: Mapping[str, Any]
    tally: Callable[[], Tally]
    smtp_address: str | None = None
    """`host:port` for smtp-source."""


def _less(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before


def _nothing_to_tell() -> Tally:
    return Tally()


@contextmanager
def smtp_receiver(url: str | None) -> Iterator[Receiver]:
    """The server at `url`, else Postfix's smtp-sink. Raises MissingTool."""
    if url is not None:
        parts = urlsplit(url)
        address = f"{parts.hostname}:{parts.port or SMTP_PORT}"
        yield Receiver({"smtp_url": url}, _nothing_to_tell, address)
        return
    with _smtp_sink() as (port, tally):
        yield Receiver({"smtp_url": f"smtp://127.0.0.1:{port}"}, tally, f"127.0.0.1:{port}")


@contextmanager
def sendgrid_receiver(host: str | None) -> Iterator[Receiver]:
    """The endpoint at `host`, else a minimal one of ours."""
    if host is not None:
        key = os.environ.get("NEWSLETTER_SENDGRID_API_KEY", KEY)
        yield Receiver({"sendgrid_host": host, "sendgrid_api_key": key}, _nothing_to_tell)
        return
    with Helper("newsletter.bench.endpoint", {}) as endpoint:

        def tally() -> Tally:
            endpoint.tell({"tally": True})
            return Tally(**endpoint.hear())

        settings = {"sendgrid_host": endpoint.hear()["url"], "sendgrid_api_key": KEY}
        yield Receiver(settings, tally)


@contextmanager
def folder_receiver(folder: Path) -> Iterator[Receiver]:
    """A folder of .eml files; writing a message again would replace its file."""
    yield Receiver(
        {"mail_folder": str(folder)},
        lambda: Tally(readers=len(list(folder.glob("*.eml")))),
    )


def find_tool(name: str) -> str:
    """Where a program of Postfix is; raise MissingTool."""
    found = shutil.which(name, path=SBIN)
    if found is None:
        raise MissingTool(
            f"{name} is not installed (Debian: apt-get install postfix). "
            "Install it, or give --smtp-url a server of this machine."
        )
    return found


@contextmanager
def _smtp_sink() -> Iterator[tuple[int, Callable[[], Tally]]]:
    port = _free_port()
    command = [find_tool("smtp-sink"), "-c", *_as_root(), f"127.0.0.1:{port}", BACKLOG]
    with _temporary_output() as counters:
        process = subprocess.Popen(command, stdout=counters)  # noqa: S603 - of fixed words
        try:
            _wait_until_open(port, process)
            yield port, lambda: _counted(counters)
        finally:
            process.terminate()
            process.wait()


def _as_root() -> list[str]:
    """smtp-sink won't run as root unless it is told which user to become."""
    return ["-u", "root"] if os.geteuid() == 0 else []


@contextmanager
def _temporary_output() -> Iterator[int]:
    """An anonymous file: a pipe would have to be emptied all the time."""
    handle = os.memfd_create("smtp-sink")
    try:
        yield handle
    finally:
        os.close(handle)


def _counted(counters: int) -> Tally:
    """The last of smtp-sink's counters, `sess=1 quit=1 mesg=1`, each written over the one before."""
    size = os.fstat(counters).st_size
    found = _COUNTED.findall(os.pread(counters, 200, max(0, size - 200)))
    return Tally(messages=int(found[-1]) if found else 0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise BenchError("smtp-sink did not start; see its words above.")
