"""The long fault runs: `make soak`.

NEWSLETTER_SOAK_READERS and NEWSLETTER_SOAK_KILLS change their length.
"""

import os
import time

import pytest

from tests.faults.press import Press, send_through_kills

READERS = int(os.environ.get("NEWSLETTER_SOAK_READERS", "100000"))
KILLS = int(os.environ.get("NEWSLETTER_SOAK_KILLS", "50"))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_large_send_survives_many_kills(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()

    unsure = send_through_kills(press, readers=READERS, kills=KILLS)

    with capsys.disabled():
        kind = "SQLite" if press.database.is_sqlite else "PostgreSQL"
        provider = press.receiver.settings["NEWSLETTER_PROVIDER"]
        seconds = time.monotonic() - begun
        print(
            f"\n{kind}, {provider}: {READERS} readers, {KILLS} kills, {unsure} unsure, "
            f"0 missing, 0 twice, {seconds:.0f} s"
        )
