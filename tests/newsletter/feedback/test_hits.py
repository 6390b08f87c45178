"""Opens and clicks: person or machine, by name only with consent, and each once."""

import threading
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlmodel import Session

from newsletter.dispatch.models import Delivery
from newsletter.feedback.duty import work_hits
from newsletter.feedback.hits import judge_hits
from newsletter.feedback.models import HIT, EditionTally, LinkReader
from newsletter.publications import Publication
from subscribers.models import Subscriber, Subscription
from tests.newsletter.feedback.mailed import BROWSER, NOW, SENT_AT, Mailed, event

APPLE = "Mozilla/5.0"


def waiting(mailed: Mailed) -> int:
    with mailed.database.reading() as session:
        return int(session.execute(select(func.count()).select_from(HIT)).scalar_one())


def clicks(mailed: Mailed, edition_id: int) -> dict[tuple[int, int], tuple[int, int]]:
    """(link, reader) -> clicks by people and machines."""
    with mailed.database.reading() as session:
        rows = session.scalars(select(LinkReader).where(LinkReader.edition_id == edition_id))  # type: ignore[arg-type]
        return {(row.link, row.subscriber_id): (row.people, row.machine) for row in rows}


def tally(mailed: Mailed, edition_id: int) -> dict[tuple[str, int], tuple[int, int]]:
    with mailed.database.reading() as session:
        rows = session.scalars(select(EditionTally).where(EditionTally.edition_id == edition_id))  # type: ignore[arg-type]
        return {(row.kind, row.link): (row.people, row.machine) for row in rows}


def opens(delivery: Delivery) -> tuple[float | None, float | None, float | None]:
    return delivery.opened_at, delivery.machine_opened_at, delivery.clicked_at


def test_a_person_and_apples_prefetch_are_told_apart(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    mailed.hit(edition_id, reader, after=8, agent=APPLE)
    mailed.hit(edition_id, reader, after=60)
    mailed.hit(edition_id, reader, after=90)

    mailed.work()

    assert opens(mailed.delivery(edition_id, reader)) == (SENT_AT + 60, SENT_AT + 8, None)
    assert waiting(mailed) == 0


def test_a_click_is_an_open_and_counts_once_per_reader_and_in_total(mailed: Mailed) -> None:
    readers = mailed.readers(2)
    edition_id = mailed.edition(readers)
    for after in (60, 70, 80):
        mailed.hit(edition_id, readers[0], after=after, link=3)
    mailed.work()
    mailed.hit(edition_id, readers[0], after=50, link=3)
    mailed.hit(edition_id, readers[1], after=65, link=3)
    mailed.hit(edition_id, readers[1], after=75, link=4)

    mailed.work()

    assert clicks(mailed, edition_id) == {(3, 1): (4, 0), (3, 2): (1, 0), (4, 2): (1, 0)}
    first = SENT_AT + 50
    assert opens(mailed.delivery(edition_id, readers[0])) == (first, None, first)
    with mailed.database.reading() as session:
        assert session.get_one(LinkReader, (edition_id, 3, readers[0])).first_at == first


def test_the_hits_of_somebody_erased_are_only_counted(mailed: Mailed) -> None:
    """Whatever their subscription still says: an import may come at the same moment."""
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    with mailed.database.writing() as session:
        session.get_one(Subscriber, reader).erased_at = NOW
    mailed.hit(edition_id, reader, after=60, link=3)

    mailed.work()

    assert opens(mailed.delivery(edition_id, reader)) == (None, None, None)
    assert clicks(mailed, edition_id) == {}
    assert tally(mailed, edition_id) == {("click", 3): (1, 0)}


def test_a_scanners_clicks_open_nothing_and_are_counted_apart(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    for link in range(1, 6):
        mailed.hit(edition_id, reader, after=60 + link / 10, link=link)
    mailed.hit(edition_id, reader, after=2, link=1)
    mailed.hit(edition_id, reader, after=70, link=2, method="HEAD")

    mailed.work()

    assert opens(mailed.delivery(edition_id, reader)) == (None, None, None)
    assert clicks(mailed, edition_id)[1, reader] == (0, 2)
    assert sum(machine for _, machine in clicks(mailed, edition_id).values()) == 7


def test_a_burst_is_judged_whole_once_it_is_over(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    for link, after in ((1, 60.0), (2, 61.0), (3, 61.9)):
        mailed.hit(edition_id, reader, after=after, link=link)

    mailed.work(now=SENT_AT + 63.5)
    assert waiting(mailed) == 3

    mailed.work(now=SENT_AT + 65)
    assert set(clicks(mailed, edition_id).values()) == {(0, 1)}


def test_who_never_goes_quiet_is_judged_all_the_same(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    for after in range(60, 122, 2):
        mailed.hit(edition_id, reader, after=float(after))

    mailed.work(now=SENT_AT + 121)

    assert waiting(mailed) == 0


def test_seconds_count_from_the_delivery_where_it_is_known(mailed: Mailed) -> None:
    early, late = mailed.readers(2)
    edition_id = mailed.edition([early, late])
    mailed.post(event(edition_id, early, "delivered", at=300))
    mailed.hit(edition_id, early, after=303)
    mailed.hit(edition_id, late, after=303)

    mailed.work()

    assert opens(mailed.delivery(edition_id, early)) == (None, SENT_AT + 303, None)
    assert opens(mailed.delivery(edition_id, late)) == (SENT_AT + 303, None, None)


def test_consent_withdrawn_since_the_mail_leaves_only_the_editions_count(mailed: Mailed) -> None:
    readers = mailed.readers(2)
    edition_id = mailed.edition(readers)
    _withdraw(mailed, readers[0])
    for reader in readers:
        mailed.hit(edition_id, reader, after=60)
        mailed.hit(edition_id, reader, after=70, link=2)

    mailed.work()

    assert opens(mailed.delivery(edition_id, readers[0])) == (None, None, None)
    assert opens(mailed.delivery(edition_id, readers[1]))[0] == SENT_AT + 60
    assert clicks(mailed, edition_id) == {(2, readers[1]): (1, 0)}
    assert tally(mailed, edition_id) == {("open", 0): (1, 0), ("click", 2): (1, 0)}


def test_a_stricter_publication_counts_only_the_edition(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    with mailed.database.writing() as session:
        session.get_one(Publication, mailed.publication_id).tracking = "counted"
    mailed.hit(edition_id, reader, after=60)

    mailed.work()

    assert opens(mailed.delivery(edition_id, reader)) == (None, None, None)
    assert tally(mailed, edition_id) == {("open", 0): (1, 0)}


def test_a_reader_who_is_only_counted_is_not_known_by_a_forged_hit(mailed: Mailed) -> None:
    """The token of a counted mail's unsubscribe link may be put into a pixel's address."""
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader], tracking="counted")
    mailed.hit(edition_id, reader, after=60)

    mailed.work()

    assert opens(mailed.delivery(edition_id, reader)) == (None, None, None)
    assert tally(mailed, edition_id) == {("open", 0): (1, 0)}


def test_hits_without_a_reader_are_counted_for_the_edition(mailed: Mailed) -> None:
    edition_id = mailed.edition(mailed.readers(1, tracking="counted"), tracking="counted")
    for agent in (BROWSER, BROWSER, APPLE):
        mailed.hit(edition_id, None, after=60, agent=agent)
    mailed.hit(edition_id, None, after=60, link=4)
    mailed.work()
    mailed.hit(edition_id, None, after=80, link=4)

    mailed.work()

    assert tally(mailed, edition_id) == {("open", 0): (2, 1), ("click", 4): (2, 0)}
    assert waiting(mailed) == 0


def test_hits_of_a_test_mail_are_forgotten(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    mailed.hit(edition_id, 0, after=60)
    mailed.hit(edition_id, reader, after=60)

    mailed.work()

    assert waiting(mailed) == 0
    assert tally(mailed, edition_id) == {}
    assert mailed.delivery(edition_id, reader).opened_at == SENT_AT + 60


def test_young_hits_wait(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    mailed.hit(edition_id, reader, after=60)
    mailed.hit(edition_id, None, after=60)

    assert work_hits(mailed.database, now=SENT_AT + 62.9) == 0
    assert waiting(mailed) == 2


def test_two_workers_at_once_count_every_click_once(mailed: Mailed) -> None:
    readers = mailed.readers(60)
    edition_id = mailed.edition(readers)
    for reader in readers:
        mailed.hit(edition_id, reader, after=60, link=1)
        mailed.hit(edition_id, None, after=60, link=1)

    _run_twice(mailed)

    assert len(clicks(mailed, edition_id)) == 60
    assert set(clicks(mailed, edition_id).values()) == {(1, 0)}
    assert tally(mailed, edition_id) == {("click", 1): (60, 0)}


def test_hits_of_a_delivery_that_another_worker_holds_wait_for_it(mailed: Mailed) -> None:
    if mailed.database.is_sqlite:
        pytest.skip("one writer at a time: nobody else can hold it")
    reader, free = mailed.readers(2)
    edition_id = mailed.edition([reader, free])
    mailed.hit(edition_id, reader, after=60)
    mailed.hit(edition_id, free, after=60)

    with mailed.database.writing() as session:
        session.get_one(Delivery, (edition_id, reader), with_for_update=True)
        assert work_hits(mailed.database, now=NOW) == 1

    assert work_hits(mailed.database, now=NOW) == 1
    assert mailed.delivery(edition_id, reader).opened_at == SENT_AT + 60


def test_the_reader_erased_since_is_only_counted(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    with mailed.database.writing() as session:
        session.execute(delete(Subscription))
    mailed.hit(edition_id, reader, after=60)

    mailed.work()

    assert tally(mailed, edition_id) == {("open", 0): (1, 0)}


def test_what_is_not_committed_leaves_the_hits(mailed: Mailed) -> None:
    (reader,) = mailed.readers(1)
    edition_id = mailed.edition([reader])
    mailed.hit(edition_id, reader, after=60)

    with Session(mailed.database.engine) as session:
        assert judge_hits(session, now=NOW) == 1
        session.rollback()

    assert waiting(mailed) == 1
    assert mailed.delivery(edition_id, reader).opened_at is None


def _withdraw(mailed: Mailed, reader: int) -> None:
    key: dict[str, Any] = {"subscriber_id": reader, "publication_id": mailed.publication_id}
    with mailed.database.writing() as session:
        session.get_one(Subscription, key).tracking = "counted"


def _run_twice(mailed: Mailed) -> None:
    work = partial(work_hits, mailed.database, now=NOW)
    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    mailed.work()
