"""How many sign-ups a second one web process takes, with every cap on."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from newsletter.bench.errors import Void
from newsletter.bench.helper import Helper, Words
from newsletter.bench.house import PUBLICATION
from newsletter.bench.scratch import described, scratch_database
from newsletter.database import Database
from newsletter.dispatch.models import NOTICE
from newsletter.publications import store_publication

MILLISECONDS = 1000.0


def measure_signups(seconds: float, connections: int, database_url: str | None) -> dict[str, Any]:
    """Sign up invented readers for `seconds`, each from a network of their own.

    Every one of them passes the caps, which look at and count address, network, domain and
    publication: no refusal is quicker than a sign-up. Raises a BenchError where one of them was
    not asked to confirm.
    """
    with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name, ExitStack() as stack:
        database = stack.enter_context(scratch_database(database_url, Path(name)))
        with database.writing() as session:
            store_publication(session, PUBLICATION)
        site = stack.enter_context(Helper("newsletter.bench.front", {"database_url": database.url}))
        crowd = stack.enter_context(
            Helper(
                "newsletter.bench.crowd",
                {**site.hear(), "seconds": seconds, "connections": connections},
            )
        )
        asked = crowd.hear()
        site.tell({"end": True})
        figures = figures_of(asked, site.hear(), _queued(database))
        return {"database": described(database), **figures}


def figures_of(asked: Words, site: Words, queued: int) -> dict[str, Any]:
    if queued != asked["signups"]:
        raise Void(f"Of {asked['signups']} sign-ups {queued} were asked to confirm.")
    return {
        **asked,
        "per_second": round(asked["signups"] / asked["seconds"], 1),
        "cpu_ms_per_signup": round(site["cpu"] / asked["signups"] * MILLISECONDS, 2),
        "peak_rss_mb": site["peak_rss_mb"],
        "base_rss_mb": site["base_rss_mb"],
    }


def _queued(database: Database) -> int:
    with database.reading() as session:
        confirmations = select(func.count()).where(NOTICE.c.kind == "confirm")
        return int(session.execute(confirmations).scalar_one())
