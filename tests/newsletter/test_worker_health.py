"""A worker without a site says whether it lives and whether it works."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from newsletter.database import Database
from newsletter.errors import ConfigurationError
from newsletter.settings import Settings
from newsletter.worker import Queue, Worker
from newsletter.worker_health import health_of
from tests.faults.press import eventually

NOT_BEGUN = {"status": "not ready", "why": "it has not begun"}


@pytest.fixture
def worker(database: Database, tmp_path: Path) -> Worker:
    settings = Settings(
        secret_key=SecretStr("a secret for tests"),
        base_url="https://ledger.example",
        mail_folder=tmp_path,
    )
    return Worker(settings, database, [Queue.FEEDBACK])


@pytest.fixture
def ask(worker: Worker, database: Database) -> Iterator[httpx.Client]:
    with (
        health_of(worker, database, "127.0.0.1:0") as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


def why(answer: httpx.Response) -> str:
    assert answer.status_code == 503
    return str(answer.json()["why"])


def test_a_worker_is_ready_while_it_works(worker: Worker, ask: httpx.Client) -> None:
    assert ask.get("/readyz").json() == NOT_BEGUN
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        eventually(lambda: ask.get("/readyz").json() != NOT_BEGUN, what="it has begun")
        assert ask.get("/readyz").json() == {"status": "ready"}
        assert ask.get("/healthz").json() == {"status": "alive"}
    finally:
        worker.stop()
        thread.join()
    assert why(ask.get("/readyz")) == "it is stopping"
    assert ask.get("/healthz").status_code == 200


def test_a_database_of_another_version_is_named(
    worker: Worker, ask: httpx.Client, database: Database
) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'old'")
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        eventually(lambda: "migrate" in why(ask.get("/readyz")), what="it says so")
    finally:
        worker.stop()
        thread.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_duty_that_hangs_or_has_died_is_named(
    worker: Worker, ask: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> int:
        begun.set()
        go_on.wait(timeout=30)
        raise SystemExit

    monkeypatch.setattr("newsletter.worker.work_feedback", hang)
    monkeypatch.setattr("newsletter.worker.HANGS_SECONDS", 0.0)
    thread = threading.Thread(target=worker.run)
    thread.start()
    begun.wait(timeout=30)

    assert "feedback hangs" in why(ask.get("/healthz"))
    go_on.set()
    thread.join()
    assert why(ask.get("/healthz")) == "feedback has died"
    assert ask.get("/elsewhere").status_code == 404


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:99999", "256.0.0.1:0"])
def test_what_is_no_address_is_refused(worker: Worker, database: Database, address: str) -> None:
    with pytest.raises(ConfigurationError, match="HOST:PORT"), health_of(worker, database, address):
        pass
