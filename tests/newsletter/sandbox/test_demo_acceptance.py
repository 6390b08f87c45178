"""`newsletter demo --once --json`, as a user runs it: a real crash, and nobody left out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FIELDS = [
    "edition", "recipients", "sent", "delivered", "bounced", "complained", "unsure", "missing",
    "duplicates", "opens_people", "opens_machine", "clicks", "unsubscribed", "site",
]  # fmt: skip


@pytest.mark.timeout(240)
def test_the_demo_survives_its_crash_and_its_figures_add_up(tmp_path: Path) -> None:
    # A real provider in the environment must make no difference.
    poisoned = os.environ | {
        "NEWSLETTER_PROVIDER": "sendgrid",
        "NEWSLETTER_SENDGRID_HOST": "https://sendgrid.invalid",
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "newsletter.cli", "demo", "--once", "--json"],
        cwd=tmp_path,
        env=poisoned,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert list(figures) == FIELDS
    assert figures["delivered"] + figures["bounced"] == figures["sent"] == 5_000
    assert figures["recipients"] == 5_000
    assert (figures["unsure"], figures["missing"], figures["duplicates"]) == (0, 0, 0)
    assert (figures["edition"], figures["unsubscribed"]) == ("2026-11-22", 1)
    for some in ("bounced", "complained", "opens_people", "opens_machine", "clicks"):
        assert figures[some] > 0
    for words in ("kill -9", "unsure", "0 missing, 0 twice", "no pixel", "newsletter init"):
        assert words in done.stdout
    assert list(tmp_path.iterdir()) == [], "the demo cleans up behind itself"
