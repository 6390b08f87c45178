"""The provider misbehaves in the middle of a send; nobody is left out, nobody gets it twice."""

from newsletter.dispatch.control import resume
from newsletter.site import Site
from newsletter.tokens import Signer
from tests.faults.press import BASE_URL, SECRET, Press, eventually, leased

READERS = 600
BATCH = 250
LEASE_SECONDS = 3.0
"""The provider is given up after 40 % of it."""


def test_smtp_messages_are_in_doubt_only_once_their_body_was_sent(smtp_press: Press) -> None:
    smtp_press.lease_seconds = LEASE_SECONDS
    smtp_press.prepare(READERS)
    for after_it in ("cut-in-data", "cut-after-dot", "lost-after-dot", "hang"):
        smtp_press.receiver.order(kind=after_it, times=2)
    smtp_press.receiver.order(kind="busy", times=4)

    smtp_press.start_worker()

    assert smtp_press.expect_all_once(READERS) == 4 * 2


def test_requests_that_sendgrid_puts_off_are_not_in_doubt(sendgrid_press: Press) -> None:
    sendgrid_press.prepare(READERS)
    sendgrid_press.receiver.order(kind="status", status=429, seconds=1.0, times=2)

    sendgrid_press.start_worker()

    assert sendgrid_press.expect_all_once(READERS) == 0


def test_requests_that_sendgrid_leaves_without_an_answer_are_in_doubt(
    sendgrid_press: Press,
) -> None:
    readers = 8 * BATCH
    sendgrid_press.lease_seconds = LEASE_SECONDS
    sendgrid_press.prepare(readers)
    for fault in (
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503, "taken": True},
        {"kind": "hang", "seconds": 2.0},
        {"kind": "cut", "taken": True},
    ):
        sendgrid_press.receiver.order(times=1, **fault)

    sendgrid_press.start_worker()

    assert sendgrid_press.expect_all_once(readers) == 4 * BATCH


def test_a_refused_key_pauses_and_the_rest_goes_out_after_a_resume(sendgrid_press: Press) -> None:
    press = sendgrid_press
    press.prepare(READERS)
    press.receiver.order(kind="status", status=401, times=1)
    press.start_worker()
    eventually(lambda: press.status() == "paused", what="it has paused itself")
    eventually(lambda: not leased(press), what="the worker has let go")
    states = press.states()
    assert states["queued"] > 0
    assert states["queued"] + states["accepted"] == READERS

    site = Site(BASE_URL, Signer(SECRET))
    press.database.transact(
        lambda session: resume(session, press.edition_id, site=site, now=press.database.now())
    )

    assert press.expect_all_once(READERS) == 0
