import pytest

from subscribers import suppression, unsubscribe
from subscribers.consent import Agreement
from subscribers.errors import CannotUndo, LinkUsed, UnknownReader
from subscribers.models import SuppressionReason
from tests.subscribers.readers import CLICK, DAY, HOUR, NOW, Readers

PAGE = Agreement(source="page")


def leave(readers: Readers, reader: int, **more: str) -> bool:
    left: bool = readers.do(
        unsubscribe.leave, reader, readers.publication_id, CLICK, now=NOW, **more
    )
    return left


def undo(readers: Readers, reader: int, *, now: float) -> None:
    readers.do(unsubscribe.undo, reader, readers.publication_id, PAGE, now=now, within=DAY)


def test_one_click_ends_a_subscription_and_twice_is_the_same(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")

    assert leave(readers, reader)
    assert not leave(readers, reader, reason="too many mails")

    subscription = readers.subscription("ada@example.org")
    assert (subscription.state, subscription.mailable) == ("unsubscribed", False)
    assert (subscription.ended_at, subscription.end_reason) == (NOW, "too many mails")
    assert [record.granted for record in readers.records()] == [True, False]
    assert subscription.consent_id == readers.records()[-1].id


def test_undo_gives_back_a_subscription_with_its_choices(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    leave(readers, reader)

    undo(readers, reader, now=NOW + HOUR)
    undo(readers, reader, now=NOW + HOUR)

    subscription = readers.subscription("ada@example.org")
    assert (subscription.state, subscription.mailable) == ("active", True)
    assert (subscription.ended_at, subscription.end_reason) == (None, "")
    assert [record.granted for record in readers.records()] == [True, False, True]


def test_undo_has_its_time(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    leave(readers, reader)

    with pytest.raises(CannotUndo):
        undo(readers, reader, now=NOW + 2 * DAY)


def test_undo_confirms_nobody(readers: Readers) -> None:
    mail = readers.ask("ada@example.org").mail
    assert mail is not None
    leave(readers, mail.subscriber_id)

    with pytest.raises(CannotUndo):
        undo(readers, mail.subscriber_id, now=NOW)


def test_a_complaint_ends_everything_and_no_undo_or_editor_takes_it_back(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    said = Agreement(source="feedback")

    assert readers.do(unsubscribe.complain, "ada@example.org", said, now=NOW) == (
        readers.publication_id,
    )
    assert readers.do(unsubscribe.complain, "ada@example.org", said, now=NOW) == ()
    leave(readers, reader, reason="and I mean it")

    with pytest.raises(CannotUndo):
        undo(readers, reader, now=NOW)
    assert not readers.do(suppression.lift, "ada@example.org", now=NOW, by="editor")
    assert [one.reason for one in readers.suppressions()] == ["complaint"]


def test_a_link_mailed_before_a_complaint_brings_nobody_back(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org")
    leave(readers, reader)
    mail = readers.ask("ada@example.org", now=NOW + DAY).mail
    readers.do(unsubscribe.complain, "ada@example.org", Agreement("feedback"), now=NOW + DAY)

    with pytest.raises(LinkUsed):
        readers.confirm(mail, now=NOW + DAY)
    fresh = readers.ask("ada@example.org", now=NOW + 2 * DAY).mail
    readers.confirm(fresh, now=NOW + 2 * DAY)
    assert readers.subscription("ada@example.org").mailable


def test_a_complaint_takes_the_place_of_a_bounce(readers: Readers) -> None:
    for reason in ("hard_bounce", "complaint", "manual", "soft_bounces"):
        readers.do(
            suppression.suppress, "ada@example.org", SuppressionReason(reason), now=NOW, note=reason
        )

    live = [one.reason for one in readers.suppressions() if one.lifted_at is None]
    assert live == ["complaint"]


def test_leaving_does_not_undo_a_suppression_nor_lifting_an_unsubscription(
    readers: Readers,
) -> None:
    reader = readers.subscribe("ada@example.org")
    readers.do(suppression.suppress, "ada@example.org", SuppressionReason.MANUAL, now=NOW)
    leave(readers, reader)

    assert readers.do(suppression.lift, "ada@example.org", now=NOW, by="editor")
    assert not readers.subscription("ada@example.org").mailable
    undo(readers, reader, now=NOW)
    assert readers.subscription("ada@example.org").mailable


def test_a_strangers_number_is_an_error(readers: Readers) -> None:
    with pytest.raises(UnknownReader):
        leave(readers, 4711)
