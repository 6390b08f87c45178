"""What waits for a connection: in which order it goes out."""

from typing import Any

from newsletter.providers.base import Mailing, Outcome, OutcomeKind, Recipient
from newsletter.providers.smtp_queue import Acquaintance, JobQueue, Window


def queue_of(*mailings: Mailing) -> JobQueue:
    queue = JobQueue()
    for one in mailings:
        queue.add(Window(one, lambda recipient: recipient.email.encode(), Acquaintance()))
    return queue


def order(queue: JobQueue) -> list[str]:
    """The local parts in the order in which they go out."""
    taken = []
    while (job := queue.take(smtputf8=True)) is not None:
        taken.append(job.message.decode().partition("@")[0])
    return taken


def test_urgent_messages_go_first_in_the_order_in_which_they_came(mailing: Any) -> None:
    waiting = queue_of(
        mailing(2),
        mailing(1, first=10, urgent=True),
        mailing(1, first=11, urgent=True),
    )
    assert order(waiting) == ["reader-10", "reader-11", "reader-0", "reader-1"]


def test_a_window_of_one_is_no_more_urgent_than_any_other(mailing: Any) -> None:
    waiting = queue_of(mailing(1, urgent=True), *(mailing(1, first=first) for first in (1, 2)))
    assert order(waiting) == ["reader-0", "reader-1", "reader-2"]


def test_what_is_tried_again_goes_before_its_like(mailing: Any) -> None:
    waiting = queue_of(mailing(2), mailing(2, first=10, urgent=True))
    urgent = waiting.take(smtputf8=True)
    assert urgent is not None
    assert waiting.put_back(urgent)
    assert len(waiting) == 4
    assert order(waiting) == ["reader-10", "reader-11", "reader-0", "reader-1"]


def test_a_message_that_fails_in_the_making_is_later_and_holds_nobody_up(mailing: Any) -> None:
    def make(recipient: Recipient) -> bytes:
        if recipient.key == "1-0":
            raise KeyError("a slot without a value")
        return recipient.email.encode()

    waiting, window = JobQueue(), Window(mailing(2), make, Acquaintance())
    waiting.add(window)

    job = waiting.take(smtputf8=True)

    assert job is not None
    job.settle(Outcome.accepted("250"))
    failed, taken = window.future.result(timeout=0)
    assert (failed.kind, failed.provider_wide) == (OutcomeKind.LATER, False)
    assert "a slot without a value" in failed.text
    assert taken.kind == OutcomeKind.ACCEPTED
