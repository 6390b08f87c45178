"""The provider misbehaves in the middle of a send; nobody is left out, nobody gets it twice."""

import pytest

from newsletter.dispatch.control import resume
from newsletter.site import Site
from newsletter.tokens import Signer
from tests.faults.press import BASE_URL, SECRET, Press, eventually, leased

READERS = 600
BATCH = 250


@pytest.mark.parametrize(
    ("fault", "in_doubt"),
    [
        ("busy", False),
        ("cut-in-data", True),
        ("cut-after-dot", True),
        ("lost-after-dot", True),
        ("hang", True),
    ],
)
def test_smtp_messages_are_in_doubt_only_once_their_body_was_sent(
    smtp_press: Press, fault: str, *, in_doubt: bool
) -> None:
    smtp_press.prepare(READERS)
    smtp_press.receiver.order(kind=fault, times=4)

    smtp_press.start_worker()

    assert smtp_press.expect_all_once(READERS) == (4 if in_doubt else 0)


@pytest.mark.parametrize(
    ("fault", "in_doubt"),
    [
        ({"kind": "status", "status": 429, "seconds": 1.0}, False),
        ({"kind": "status", "status": 500}, True),
        ({"kind": "status", "status": 503, "taken": True}, True),
        ({"kind": "hang", "seconds": 2.0}, True),
        ({"kind": "cut", "taken": True}, True),
    ],
    ids=["429", "500", "503-taken", "hang", "cut-taken"],
)
def test_requests_to_sendgrid_are_in_doubt_unless_it_says_no(
    sendgrid_press: Press, fault: "dict[str, object]", *, in_doubt: bool
) -> None:
    sendgrid_press.prepare(READERS)
    sendgrid_press.receiver.order(times=2, **fault)

    sendgrid_press.start_worker()

    unsure = sendgrid_press.expect_all_once(READERS)
    assert 0 < unsure <= 2 * BATCH if in_doubt else unsure == 0


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
