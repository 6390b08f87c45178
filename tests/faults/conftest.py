"""Receivers in processes of their own, on loopback."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from newsletter.sandbox.standin.control import Control
from newsletter.sandbox.standin.options import StandInOptions
from newsletter.sandbox.standin.process import StandIn
from tests.faults.press import DELIVERY, Press, Receiver

RECORDER = Path(__file__).parent / "smtp_recorder.py"
KEY = "SG.fault-tests"


@pytest.fixture
def sendgrid_receiver(tmp_path: Path) -> Iterator[Receiver]:
    journal = tmp_path / "journal.jsonl"
    with StandIn.start(StandInOptions(journal=journal, api_key=KEY, kept=10)) as standin:
        yield Receiver(
            settings={
                "NEWSLETTER_PROVIDER": "sendgrid",
                "NEWSLETTER_SENDGRID_HOST": standin.url,
                "NEWSLETTER_SENDGRID_API_KEY": KEY,
            },
            record=journal,
            keys=lambda lines: [orjson.loads(line)["delivery"] for line in lines.splitlines()],
            order=Control(standin.url).order_fault,
            window=4 * 250,  # four requests at once, a batch each
        )


@pytest.fixture
def smtp_receiver(tmp_path: Path) -> Iterator[Receiver]:
    record = tmp_path / "record.txt"
    with subprocess.Popen(
        [sys.executable, str(RECORDER), str(record)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        yield Receiver(
            settings={
                "NEWSLETTER_PROVIDER": "smtp",
                "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{port}",
                "NEWSLETTER_SMTP_CONNECTIONS": "4",
            },
            record=record,
            keys=lambda lines: DELIVERY.findall(lines.decode()),
            order=lambda *, kind, times: _order(process, f"{kind} {times}"),
            window=2 * 200,  # two windows of at most 200
        )
        process.kill()


def _order(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


@pytest.fixture(params=["sendgrid", "smtp"])
def receiver(request: pytest.FixtureRequest) -> Receiver:
    chosen: Receiver = request.getfixturevalue(f"{request.param}_receiver")
    return chosen


@pytest.fixture
def press(fresh_url: str, receiver: Receiver, tmp_path: Path) -> Iterator[Press]:
    """On each database, with each receiver."""
    one = Press(fresh_url, receiver, tmp_path)
    yield one
    one.stop()


@pytest.fixture
def smtp_press(fresh_url: str, smtp_receiver: Receiver, tmp_path: Path) -> Iterator[Press]:
    """On each database, by SMTP."""
    one = Press(fresh_url, smtp_receiver, tmp_path)
    yield one
    one.stop()


@pytest.fixture
def sendgrid_press(fresh_url: str, sendgrid_receiver: Receiver, tmp_path: Path) -> Iterator[Press]:
    """On each database, by SendGrid's stand-in."""
    one = Press(fresh_url, sendgrid_receiver, tmp_path)
    yield one
    one.stop()
