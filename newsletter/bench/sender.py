"""One worker under measurement, in a process of its own: the real duty, its memory and its time.

Told what to send and where; says its memory after the imports; freezes if it is to; then waits for
the starting gun, sends until the edition is closed, and says what that took.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from newsletter.bench.errors import BenchError, Void
from newsletter.bench.helper import answer, hear
from newsletter.bench.meter import Moment, peak_mb, resident_mb
from newsletter.database import Database
from newsletter.dispatch.freeze import FreezePlan, freeze_chunk
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.sweep import count_unsure
from newsletter.dispatch_duty import DispatchDuty
from newsletter.editions.models import Edition
from newsletter.editions.states import EditionState
from newsletter.settings import Settings
from newsletter.worker import spare_the_collector

LOOK_SECONDS = 0.1
"""Between two looks whether another worker has closed the edition."""
BASE_URL = "https://bench.example"
SECRET = "only measured with, never mailed"  # noqa: S105 - of links that nobody gets

TYPES: Mapping[str, Callable[[str], Any]] = {
    "smtp_url": SecretStr,
    "sendgrid_api_key": SecretStr,
    "mail_folder": Path,
}
"""Settings that JSON carries as text."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one sender is told. `settings` go before those of the environment."""

    edition_id: int
    settings: Mapping[str, Any]
    freezes: bool


def bench_settings(**changes: Any) -> Settings:
    """The environment's settings, but without a rate limit and with links that lead nowhere."""
    values = {name: TYPES[name](one) if name in TYPES else one for name, one in changes.items()}
    fixed = {"send_rate": 0.0, "base_url": BASE_URL, "secret_key": SecretStr(SECRET)}
    return Settings().model_copy(update={**fixed, **values})


def work(order: Order) -> None:
    """Carry an order out, telling as it goes."""
    settings = bench_settings(**order.settings)
    base = resident_mb()
    database = Database(settings.database_url)
    provider = open_outlet(settings)
    try:
        seconds = _freeze(database, order.edition_id, settings) if order.freezes else 0.0
        answer({"freeze_seconds": seconds})
        if not hear():
            return
        spare_the_collector()
        begun = Moment.now()
        send(DispatchDuty(settings, database, provider), database, order.edition_id)
        ended = Moment.now()
    finally:
        provider.close()
        database.close()
    answer(
        {
            "began": begun.wall,
            "ended": ended.wall,
            "cpu": ended.cpu - begun.cpu,
            "peak_rss_mb": peak_mb(),
            "base_rss_mb": base,
        }
    )


def send(duty: DispatchDuty, database: Database, edition_id: int) -> None:
    """Work as the worker does until the edition is closed. Raises Void where it never will be."""
    while True:
        if duty.step():
            continue
        if is_over(database, edition_id):
            return
        time.sleep(LOOK_SECONDS)


def is_over(database: Database, edition_id: int) -> bool:
    """Whether the edition is sent. Raises Void for one that stopped, or is in doubt."""
    with database.reading() as session:
        edition = session.get_one(Edition, edition_id)
        unsure = count_unsure(session, edition_id)
    if edition.state == EditionState.SENT:
        return True
    if edition.state != EditionState.SENDING:
        raise Void(f"The edition is {edition.state}: {edition.hold_reason}")
    if unsure:
        raise Void(f"{unsure} deliveries are unsure: the receiving end broke off.")
    return False


def _freeze(database: Database, edition_id: int, settings: Settings) -> float:
    """Freeze the whole audience; return the seconds it took."""
    plan = FreezePlan(settings.provider, settings.batch_size)
    begun = time.monotonic()
    while not database.transact(
        lambda session: freeze_chunk(session, edition_id, plan), snapshot=True
    ):
        pass
    return time.monotonic() - begun


if __name__ == "__main__":
    try:
        work(Order(**hear()))
    except BenchError as error:
        answer({"error": str(error)})
