"""How fast an edition goes out: the real dispatcher, ledger and all, against a receiving end here."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.bench.errors import BenchError, NotThisMachine, Void
from newsletter.bench.helper import Helper, Words
from newsletter.bench.house import Furnished, furnish
from newsletter.bench.receivers import (
    Receiver,
    folder_receiver,
    sendgrid_receiver,
    smtp_receiver,
)
from newsletter.bench.reference import Reference
from newsletter.bench.scratch import scratch_database
from newsletter.bench.sender import bench_settings
from newsletter.database import Database
from newsletter.dispatch.outlet import open_outlet
from newsletter.dispatch.progress import count_states
from newsletter.dispatch.states import DeliveryState
from newsletter.settings import Settings
from newsletter.site import Site

MICROSECONDS = 1e6


@dataclass(frozen=True, kw_only=True)
class DispatchPlan:
    """What to measure. `reference`: also smtp-source, in the same run."""

    provider: str
    recipients: int
    workers: int = 1
    smtp_url: str | None = None
    sendgrid_host: str | None = None
    database_url: str | None = None
    reference: bool = False


def measure_dispatch(plan: DispatchPlan) -> dict[str, Any]:
    """Send an edition to `plan.recipients` invented readers; return what it took.

    Seconds and processor time run from the first claim to the sweep that closes the edition.
    Raises a BenchError where not everybody was accepted, or nothing could be measured.
    """
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        receiver = stack.enter_context(_receiver(plan, folder))
        settings = {"provider": plan.provider, **receiver.settings}
        _require_loopback(bench_settings(**settings))
        database = stack.enter_context(scratch_database(plan.database_url, folder))
        settings["database_url"] = database.url
        furnished = furnish(database, Site.of(bench_settings()), plan.recipients, folder)
        return _measure(plan, receiver, database, furnished, settings)


def _measure(
    plan: DispatchPlan,
    receiver: Receiver,
    database: Database,
    furnished: Furnished,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    reference = Reference(receiver.smtp_address, furnished.bytes_per_message, plan.recipients)
    if plan.reference:
        reference.run()
    before = receiver.tally()
    readings = _send(plan, furnished, settings)
    arrived = receiver.tally().since(before)
    if plan.reference:
        reference.run()
    _require_accepted(database, furnished.edition_id, plan.recipients)
    figures = {
        **_figures(plan, furnished, readings),
        **arrived.against(plan.recipients),
    }
    return {**figures, **reference.figures(figures["per_second"])}


def _send(plan: DispatchPlan, furnished: Furnished, settings: Mapping[str, Any]) -> list[Words]:
    """Let the workers send; return what each says, the freeze's seconds in the first one's."""
    orders = [
        {"edition_id": furnished.edition_id, "settings": settings, "freezes": number == 0}
        for number in range(plan.workers)
    ]
    with ExitStack() as stack:
        senders = [
            stack.enter_context(Helper("newsletter.bench.sender", order)) for order in orders
        ]
        ready = [sender.hear() for sender in senders]
        for sender in senders:
            sender.tell({"go": True})
        return [{**words, **sender.hear()} for words, sender in zip(ready, senders, strict=True)]


def _figures(plan: DispatchPlan, furnished: Furnished, readings: Sequence[Words]) -> dict[str, Any]:
    """What all workers took together; memory is that of the one that used most."""
    # The first to see the edition closed saw it soonest; the others look up now and then.
    seconds = min(one["ended"] for one in readings) - min(one["began"] for one in readings)
    largest = max(readings, key=lambda one: one["peak_rss_mb"] - one["base_rss_mb"])
    return {
        "provider": plan.provider,
        "workers": plan.workers,
        "recipients": plan.recipients,
        "seconds": round(seconds, 3),
        "per_second": round(plan.recipients / seconds, 1),
        "cpu_us_per_message": round(
            sum(one["cpu"] for one in readings) / plan.recipients * MICROSECONDS, 1
        ),
        "peak_rss_mb": round(largest["peak_rss_mb"], 1),
        "base_rss_mb": round(largest["base_rss_mb"], 1),
        "bytes_per_message": furnished.bytes_per_message,
        "freeze_seconds": round(readings[0]["freeze_seconds"], 3),
    }


@contextmanager
def _receiver(plan: DispatchPlan, folder: Path) -> Iterator[Receiver]:
    match plan.provider:
        case "smtp":
            opened = smtp_receiver(plan.smtp_url)
        case "sendgrid":
            opened = sendgrid_receiver(plan.sendgrid_host)
        case "folder":
            opened = folder_receiver(folder / "mail")
        case _:
            raise BenchError(f"{plan.provider} can't be measured: say smtp, sendgrid or folder.")
    with opened as receiver:
        yield receiver


def _require_loopback(settings: Settings) -> None:
    provider = open_outlet(settings)
    provider.close()
    if not provider.loopback:
        raise NotThisMachine(
            "The readers of a measurement are invented: their mail must not leave this machine. "
            "Give an address such as 127.0.0.1."
        )


def _require_accepted(database: Database, edition_id: int, recipients: int) -> None:
    """The ledger's word that everybody's message was accepted, by a row each."""
    with database.reading() as session:
        states = count_states(session, edition_id)
    if states[DeliveryState.ACCEPTED] != recipients:
        found = ", ".join(f"{count} {state}" for state, count in states.items() if count)
        raise Void(f"Not all of {recipients} were accepted: {found}.")
