"""What an import would do, told beforehand: the same as it then does."""

import pytest

from subscribers import suppression, unsubscribe
from subscribers.imports import ImportReport
from subscribers.models import SuppressionReason
from tests.subscribers.readers import CLICK, DAY, NOW, Readers

THREE = "email,name\nada@example.org,Ada\nBob@gmail.com,Bob\ncy@example.org,Cy\n"


def test_a_rehearsal_counts_the_same_and_stores_nothing(readers: Readers) -> None:
    readers.bring_in("email\nada@example.org\nleft@example.org\n")
    left = readers.subscription("left@example.org").subscriber_id
    readers.do(unsubscribe.leave, left, readers.publication_id, CLICK, now=NOW)
    text = THREE + "left@example.org,L\nwrong,W\nada@example.org,Twice\n"
    records = len(readers.records())

    rehearsed = readers.rehearse(text)

    assert len(readers.records()) == records
    assert rehearsed == readers.bring_in(text)
    assert rehearsed == ImportReport(
        rows=6, added=2, added_active=2, known=1, unsubscribed_kept=1, rejected=1, duplicates=1
    )


MIXED = (
    "email,status\nactive@x.example,active\npending@x.example,pending\npaused@x.example,paused\n"
    "left@x.example,unsubscribed\nblocked@x.example,blocklisted\ntwo@x.example,\n"
    "told@x.example,unsubscribed\n"
)


@pytest.mark.parametrize("others", [False, True], ids=["nobody there", "others there"])
def test_the_new_are_told_by_how_they_stand(readers: Readers, *, others: bool) -> None:
    """By whichever way a chunk is merged: all of it is new, or some of it is known."""
    readers.do(suppression.suppress, "told@x.example", SuppressionReason.COMPLAINT, now=NOW)
    text = MIXED
    if others:
        readers.bring_in("email\nknown@x.example\n")
        text += "known@x.example,active\n"

    rehearsed = readers.rehearse(text)

    assert rehearsed == readers.bring_in(text)
    assert rehearsed == ImportReport(
        rows=7 + others,
        added=7,
        added_active=2,
        added_pending=1,
        added_paused=1,
        added_unsubscribed=1,
        added_do_not_mail=2,
        known=int(others),
    )
    again = readers.bring_in(text, now=NOW + DAY)
    assert again == ImportReport(rows=7 + others, known=5 + others, suppressed=2)
