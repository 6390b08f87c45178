"""An edition's report: figures that add up, whatever order the events came in."""

import io
import json

import pytest
from rich.console import Console
from sqlalchemy import update
from sqlmodel import Session

from newsletter.dispatch.models import DELIVERY
from newsletter.reports.figures import Clicks, Tally
from newsletter.reports.report import EditionReport, edition_report
from newsletter.reports.text import render
from tests.newsletter.dispatch.batches import add_batch, add_delivery
from tests.newsletter.feedback.mailed import Mailed, event, hard_bounce, soft_bounce


def report_of(mailed: Mailed, edition_id: int) -> EditionReport:
    with mailed.database.reading() as session:
        return edition_report(session, mailed.edition_row(edition_id))


def set_state(mailed: Mailed, edition_id: int, reader: int, state: str, reason: str) -> None:
    with mailed.database.writing() as session:
        session.execute(
            update(DELIVERY)
            .where(DELIVERY.c.edition_id == edition_id, DELIVERY.c.subscriber_id == reader)
            .values(state=state, reason=reason, accepted_at=None)
        )


@pytest.fixture
def report(mailed: Mailed) -> EditionReport:
    """Ten readers: five delivered (one of them complained), three bounced, two without mail."""
    readers = mailed.readers(10)
    edition_id = mailed.edition(readers, links=3)
    mailed.post(
        *(event(edition_id, reader, "delivered") for reader in readers[:4]),
        # a complaint without *delivered*, a bounce after it
        event(edition_id, readers[4], "spamreport"),
        event(edition_id, readers[5], "delivered", at=10),
        hard_bounce(edition_id, readers[5], at=20),
        soft_bounce(edition_id, readers[6]),
        event(edition_id, readers[7], "dropped", reason="Bounced Address"),
        event(edition_id, readers[3], "unsubscribe"),
    )
    set_state(mailed, edition_id, readers[8], "excluded", "unsubscribed")
    set_state(mailed, edition_id, readers[9], "unsure", "")
    mailed.hit(edition_id, readers[0], after=60)
    mailed.hit(edition_id, readers[1], after=12, agent="Mozilla/5.0")
    mailed.hit(edition_id, readers[1], after=90, link=2)
    mailed.hit(edition_id, readers[1], after=99, link=2)
    mailed.hit(edition_id, readers[0], after=95, link=2)
    mailed.hit(edition_id, readers[0], after=96, link=3, method="HEAD")
    mailed.hit(edition_id, None, after=70)
    mailed.hit(edition_id, None, after=71, link=2)
    mailed.work()
    return report_of(mailed, edition_id)


def test_delivered_and_bounced_add_up_to_sent(report: EditionReport) -> None:
    total = report.total

    assert (total.recipients, total.sent) == (10, 8)
    assert (total.delivered, total.bounced, total.complained) == (5, 3, 1)
    assert (total.excluded, total.unsure, total.queued) == (1, 1, 0)


def test_bounces_are_told_by_kind_and_code(report: EditionReport) -> None:
    bounces = {(bounce.kind, bounce.reason): bounce.count for bounce in report.bounces}

    assert bounces == {
        ("hard", "5.1.1"): 1,
        ("soft", "5.2.2"): 1,
        ("dropped", "Bounced Address"): 1,
    }
    assert [(one.reason, one.count) for one in report.exclusions] == [("unsubscribed", 1)]


def test_opens_and_clicks_of_people_and_machines_stand_apart(report: EditionReport) -> None:
    total = report.total
    first, second, third = report.links

    assert (total.opens_people, total.opens_machine, total.click_readers) == (2, 1, 2)
    assert report.counted_opens == Tally(people=1)
    assert (first.people, first.machine, first.named) == (0, 0, Clicks())
    assert (second.url, second.label) == ("https://labs.example/2", "Link 2")
    assert (second.named, second.counted) == (Clicks(readers=2, people=3), Tally(people=1))
    assert (third.people, third.machine, third.named.readers) == (0, 1, 0)
    assert (report.clicks, report.clicks_machine) == (4, 1)
    assert total.unsubscribed == 1


def test_groups_of_recipient_domains_add_up_to_the_whole(mailed: Mailed) -> None:
    readers = mailed.readers(4)
    edition_id = mailed.edition(readers[:3])
    with mailed.database.writing() as session:
        _add_lane(session, edition_id, readers[3])
    mailed.post(*(event(edition_id, reader, "delivered") for reader in readers))

    report = report_of(mailed, edition_id)

    assert {lane: one.delivered for lane, one in report.lanes.items()} == {"gmail": 1, "other": 3}
    assert report.total.delivered == 4


def test_a_report_of_nothing_is_all_zeros(mailed: Mailed) -> None:
    report = report_of(mailed, mailed.edition([], links=0))

    figures = report.to_dict()
    assert figures["recipients"] == figures["sent"] == figures["clicks"] == 0
    assert report.lanes == {}


def test_the_report_is_json(report: EditionReport) -> None:
    figures = json.loads(json.dumps(report.to_dict()))

    assert figures["edition"] == "2026-11-22"
    names = ("recipients", "sent", "delivered", "bounced", "complained", "unsure", "unsubscribed")
    assert [figures[name] for name in names] == [10, 8, 5, 3, 1, 1, 1]
    assert (figures["opens_people"], figures["opens_machine"], figures["clicks"]) == (2, 1, 4)
    assert figures["links"][1] == {
        "number": 2,
        "url": "https://labs.example/2",
        "label": "Link 2",
        "readers": 2,
        "clicks": 4,
        "machine": 0,
    }


def printed(report: EditionReport, *, terminal: bool) -> str:
    out = io.StringIO()
    render(report, Console(file=out, force_terminal=terminal, width=100, color_system=None))
    return out.getvalue()


def test_plain_lines_hold_the_figures(report: EditionReport) -> None:
    text = printed(report, terminal=False)

    assert "Delivered: 5 (62.5%)" in text
    assert "hard: 1, 5.1.1" in text
    assert "2 Link 2: 2 readers, 4 clicks, 0 automatic" in text
    assert "unsubscribed: 1" in text


def test_a_terminal_gets_tables_of_the_same(report: EditionReport) -> None:
    lines = printed(report, terminal=True).splitlines()

    assert any(line.split() == ["Delivered", "5", "62.5%"] for line in lines)
    assert any(line.split() == ["2", "Link", "2", "2", "4", "0"] for line in lines)


@pytest.fixture
def unreported(mailed: Mailed) -> int:
    """Two mails handed to a server that says no more."""
    return mailed.edition(mailed.readers(2), provider="smtp")


def test_what_nobody_tells_is_not_stated_as_none(mailed: Mailed, unreported: int) -> None:
    report = report_of(mailed, unreported)
    text = printed(report, terminal=False)

    assert "Delivered: not known (this provider reports nothing after taking the mail)" in text
    assert "Bounced or complained: not known (mail that comes back is not read" in text
    assert "other: 2 recipients, 0 opened by people\n" in text
    assert " 0 delivered" not in text
    assert "Delivered not known this provider reports" in " ".join(
        printed(report, terminal=True).split()
    )
    figures = report.to_dict()
    assert (figures["sent"], figures["reported"], figures["delivered"]) == (2, 0, 0)


def test_bounces_that_come_back_by_mail_are_counted(mailed: Mailed, unreported: int) -> None:
    with mailed.database.reading() as session:
        edition = mailed.edition_row(unreported)
        text = printed(edition_report(session, edition, bounces_return=True), terminal=False)

    assert "Delivered: not known" in text
    assert "Bounced or dropped: 0 (0.0%)\n  Complained: 0\n" in text
    assert "other: 2 recipients, 0 bounced, 0 complained, 0 opened by people\n" in text


def test_titles_are_printed_as_they_are(mailed: Mailed) -> None:
    edition_id = mailed.edition([])
    edition = mailed.edition_row(edition_id)
    edition.title = "Prices [/bold] fall [link=x]"
    with mailed.database.reading() as session:
        report = edition_report(session, edition)

    assert "Prices [/bold] fall [link=x]" in printed(report, terminal=False)
    assert "Prices [/bold] fall [link=x]" in printed(report, terminal=True)


def _add_lane(session: Session, edition_id: int, reader: int) -> None:
    batch = add_batch(session, edition_id, chunk=1, lane="gmail")
    add_delivery(session, batch, reader, "accepted", accepted_at=1.0)
