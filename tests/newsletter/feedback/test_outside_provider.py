"""A provider says for itself, also one of another package, whether its acceptance is the last word."""

from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import update

from newsletter.database import Database
from newsletter.dispatch import ledger, settle
from newsletter.dispatch.dispatcher import Dispatcher
from newsletter.dispatch.models import BATCH
from newsletter.dispatch.pacing import Pace
from newsletter.editions.models import Edition
from newsletter.feedback.models import BounceTally
from newsletter.feedback.refusals import learn
from newsletter.providers.registry import ProviderOptions, open_provider
from newsletter.reports.report import edition_report
from tests.newsletter.dispatch.desk import NOW, SITE, Desk, ScriptedProvider
from tests.newsletter.feedback.mailed import Mailed, event
from tests.packages import installed_provider

PIGEON_POST = Path(__file__).parents[2] / "contract" / "pigeon_post.py"


@pytest.mark.parametrize(("tells_later", "reported", "settled"), [(True, 3, 0), (False, 0, 3)])
def test_what_it_says_counts_in_reports_and_for_the_bounce_brake(
    database: Database, publication_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    *, tells_later: bool, reported: int, settled: int,
) -> None:  # fmt: skip
    desk = Desk(database, publication_id)
    desk.add_readers(3)
    edition_id = desk.edition()
    desk.freeze(edition_id)
    with database.writing() as session:
        session.execute(update(BATCH).values(provider="pigeon"))
    monkeypatch.setenv("PIGEON_LOFT", str(tmp_path / "loft"))
    code = PIGEON_POST.read_text().replace("tells_later = False", f"tells_later = {tells_later}")

    with installed_provider(tmp_path / "site", "pigeon", code=code, opener="open_loft"):
        provider = open_provider("pigeon", ProviderOptions())
        taught = partial(learn, provider=provider, now=NOW)
        with closing(provider):
            dispatcher = Dispatcher(
                database, provider, SITE, pace=Pace(0.0), lease_seconds=60.0, learn=taught
            )
            while dispatcher.step(patience=0.01) or not dispatcher.is_idle:
                pass

    with database.reading() as session:
        report = edition_report(session, session.get_one(Edition, edition_id))
        tally = session.get(BounceTally, edition_id)
    assert (report.total.sent, report.total.reported) == (3, reported)
    assert (tally.settled if tally else 0) == settled


def test_who_is_sent_again_counts_once_whenever_the_events_of_the_first_copy_come(
    mailed: Mailed,
) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader], state="unsure")
    mailed.database.transact(lambda session: settle.settle_by_resend(session, edition_id))

    mailed.post(event(edition_id, reader, "processed"))
    sendgrid = ScriptedProvider(name="sendgrid", tells_later=True)
    claimed = mailed.database.transact(
        lambda session: ledger.claim(session, sendgrid, limit=1, seconds=60.0)
    )
    mailed.post(event(edition_id, reader, "delivered"))

    assert len(claimed) == 1
    with mailed.database.reading() as session:
        assert session.get_one(BounceTally, edition_id).settled == 1
