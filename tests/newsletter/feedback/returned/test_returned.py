"""Mail that comes back moves its delivery and teaches the policy, if it bears our token."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from newsletter.dispatch.handoff import Row
from newsletter.dispatch.mailing import Imprint, mailing
from newsletter.dispatch.models import Notice
from newsletter.errors import ConfigurationError
from newsletter.feedback.models import BounceTally, Event, InboxItem
from newsletter.feedback.returned.intake import MOST_BYTES, find_reference, take_in
from newsletter.feedback.returned.reader import PROVIDER, normalise, packed
from newsletter.providers.base import always
from newsletter.providers.messages import envelope_senders
from newsletter.site import Site
from newsletter.tokens import Purpose, Signer
from tests.newsletter.feedback.mailed import NOW, Mailed
from tests.newsletter.feedback.returned.mails import (
    EXCHANGE,
    GMAIL,
    HOLIDAY,
    QMAIL,
    complaint,
    postfix,
)
from tests.newsletter.providers.conftest import make_mailing

SITE = Site("https://ledger.example", Signer("a secret for tests"), "bounces@ledger.example")
FORGER = Site("https://ledger.example", Signer("another secret"), "bounces@ledger.example")


def come_back(mailed: Mailed, mail: bytes, *, recipient: str = "") -> bool:
    with mailed.database.writing() as session:
        taken = take_in(session, mail, SITE, recipient=recipient, now=NOW)
    mailed.work()
    return taken.ours


@pytest.fixture
def edition_id(mailed: Mailed) -> int:
    return mailed.edition(mailed.readers(3), provider="smtp")


@pytest.mark.parametrize("shape", [EXCHANGE, GMAIL, QMAIL, None])
@pytest.mark.parametrize("folded", [str, str.lower, str.upper])
def test_an_unknown_mailbox_is_suppressed_whoever_says_so(
    mailed: Mailed, edition_id: int, shape: str | None, folded: "type[str]"
) -> None:
    to = folded(SITE.return_path(edition_id, 2))
    mail = shape.format(to=to).encode() if shape else postfix(to)

    assert come_back(mailed, mail)

    delivery = mailed.delivery(edition_id, 2)
    assert (delivery.state, delivery.bounce_kind, delivery.bounced_at) == ("bounced", "hard", NOW)
    assert mailed.suppressions() == {"reader2@example.org": "hard_bounce"}


def test_a_full_mailbox_counts_as_soft(mailed: Mailed, edition_id: int) -> None:
    to = SITE.return_path(edition_id, 1)
    come_back(mailed, postfix(to, status="5.2.2", diagnosis="552 5.2.2 mailbox full"))
    assert mailed.delivery(edition_id, 1).bounce_kind == "soft"
    assert mailed.suppressions() == {}


def test_a_policy_refusal_alerts_and_suppresses_nobody(mailed: Mailed, edition_id: int) -> None:
    to = SITE.return_path(edition_id, 1)
    come_back(mailed, postfix(to, status="5.0.0", diagnosis="550 5.7.1 blocked"))
    assert mailed.delivery(edition_id, 1).bounce_kind == "block"
    assert mailed.suppressions() == {}
    assert len(mailed.alerts()) == 1


@pytest.mark.parametrize(
    ("action", "state"),
    [("delayed", "deferred"), ("delivered", "delivered"), ("relayed", "accepted")],
)
def test_what_has_not_failed_is_no_bounce(
    mailed: Mailed, edition_id: int, action: str, state: str
) -> None:
    to = SITE.return_path(edition_id, 1)
    assert come_back(mailed, postfix(to, action=action, status="4.4.1", diagnosis="450 4.4.1 wait"))
    assert mailed.delivery(edition_id, 1).state == state
    assert mailed.suppressions() == {}


def test_a_holiday_note_has_no_effect(mailed: Mailed, edition_id: int) -> None:
    assert come_back(mailed, HOLIDAY.format(to=SITE.return_path(edition_id, 1)).encode())
    assert mailed.delivery(edition_id, 1).state == "accepted"
    with mailed.database.reading() as session:
        assert session.exec(select(Event)).one().kind == "unknown"


def test_a_complaint_ends_every_subscription(mailed: Mailed, edition_id: int) -> None:
    assert come_back(mailed, complaint(SITE.return_path(edition_id, 3)))
    assert mailed.delivery(edition_id, 3).state == "complained"
    assert mailed.suppressions() == {"reader3@example.org": "complaint"}
    assert mailed.subscription(3).state != "active"


def test_an_authentication_report_is_no_complaint(mailed: Mailed, edition_id: int) -> None:
    come_back(mailed, complaint(SITE.return_path(edition_id, 3), kind="auth-failure"))
    assert mailed.delivery(edition_id, 3).state == "accepted"
    assert mailed.suppressions() == {}


@pytest.mark.parametrize("place", ["forged", "none", "another purpose"])
def test_what_bears_no_token_of_ours_is_kept_and_has_no_effect(
    mailed: Mailed, edition_id: int, place: str
) -> None:
    delivery_token = SITE.signer.sign_caseless(Purpose.DELIVERY, edition_id, 1)
    to = {
        "forged": FORGER.return_path(edition_id, 1),
        "none": "bounces@ledger.example",
        "another purpose": f"bounces+{delivery_token}@ledger.example",
    }[place]

    assert not come_back(mailed, postfix(to))

    assert mailed.delivery(edition_id, 1).state == "accepted"
    assert mailed.suppressions() == {}
    with mailed.database.reading() as session:
        assert b"Undelivered Mail" in session.exec(select(InboxItem)).one().body


def test_the_mail_servers_word_for_the_recipient_counts_too(
    mailed: Mailed, edition_id: int
) -> None:
    mail = postfix("undisclosed-recipients:;")
    assert come_back(mailed, mail, recipient=SITE.return_path(edition_id, 1))
    assert mailed.delivery(edition_id, 1).state == "bounced"


def test_the_same_mail_twice_counts_once(mailed: Mailed, edition_id: int) -> None:
    mail = postfix(SITE.return_path(edition_id, 1), status="5.2.2", diagnosis="552 5.2.2 full")
    come_back(mailed, mail)
    come_back(mailed, mail)
    with mailed.database.reading() as session:
        assert len(session.exec(select(Event)).all()) == 1


def test_a_bounce_after_the_provider_took_it_is_not_settled_twice(
    mailed: Mailed, edition_id: int
) -> None:
    come_back(mailed, postfix(SITE.return_path(edition_id, 1)))
    with mailed.database.reading() as session:
        tally = session.get_one(BounceTally, edition_id)
        assert (tally.settled, tally.hard) == (0, 1)


def test_the_original_is_cut_where_it_is_long(mailed: Mailed, edition_id: int) -> None:
    come_back(mailed, postfix(SITE.return_path(edition_id, 1)) + b"x" * MOST_BYTES)
    with mailed.database.reading() as session:
        assert len(session.exec(select(InboxItem)).one().body) < MOST_BYTES + 100
    assert mailed.delivery(edition_id, 1).state == "bounced"


def test_without_a_bounce_address_nothing_can_come_back() -> None:
    with pytest.raises(ConfigurationError, match="BOUNCE_ADDRESS"):
        find_reference(b"", Site("https://ledger.example", SITE.signer))


@pytest.mark.parametrize("site", [SITE, Site("https://ledger.example", SITE.signer)])
def test_each_message_goes_out_with_a_return_path_of_its_own(site: Site) -> None:
    sample = make_mailing(1)
    rows = [Row(7, "ada@example.com"), Row(8, "bo@example.com")]
    imprinted = Imprint(sample.composition, sample.headers, 5)

    made = mailing(imprinted, rows, site, batch="1", may_begin=always)

    if site.bounce_address:
        assert envelope_senders(made) == [SITE.return_path(5, 7), SITE.return_path(5, 8)]
    else:
        assert envelope_senders(made) == ["news@news.example"] * 2


LARGEST_ID = 2**31 - 1  # an INTEGER of PostgreSQL


@given(st.integers(0, LARGEST_ID), st.integers(0, LARGEST_ID))
def test_a_local_part_has_64_octets_at_most_and_survives_lower_case(
    edition_id: int, reader: int
) -> None:
    site = Site(SITE.base_url, SITE.signer, f"{'b' * 16}@ledger.example")
    address = site.return_path(edition_id, reader)
    assert re.fullmatch(r"[a-z0-9+]{1,64}@ledger\.example", address)
    mail = f"To: {address.upper()}\n\n".encode()
    assert find_reference(mail, site) == f"{edition_id}-{reader}"


@settings(deadline=None)  # flufl.bounce is imported by the first
@given(st.binary(max_size=2_000))
def test_no_bytes_defeat_the_reader(mail: bytes) -> None:
    (event,) = normalise(packed("1-2", mail), received_at=NOW)
    assert event.provider == PROVIDER
    find_reference(mail, SITE)


SHAPES = [postfix("a@b.example"), EXCHANGE.encode(), GMAIL.encode(), QMAIL.encode()]


@given(st.sampled_from(SHAPES), st.integers(0, 3_000), st.integers(0, 200), st.binary(max_size=50))
def test_no_damage_to_a_bounce_defeats_the_reader(
    mail: bytes, start: int, length: int, patch: bytes
) -> None:
    damaged = mail[:start] + patch + mail[start + length :]
    (event,) = normalise(packed("1-2", damaged), received_at=NOW)
    assert event.at == NOW


def test_a_confirmation_that_comes_back_teaches_its_readers_address(mailed: Mailed) -> None:
    mailed.readers(2)
    notice = Notice(
        publication_id=mailed.publication_id,
        kind="confirm",
        subscriber_id=2,
        email="Reader2@Example.org",
        due_at=NOW,
        created_at=NOW,
    )
    with mailed.database.writing() as session:
        session.add(notice)

    assert come_back(mailed, postfix(SITE.notice_return_path(notice.key)))

    assert mailed.suppressions() == {"reader2@example.org": "hard_bounce"}


def test_a_notice_that_nobody_knows_any_more_teaches_nothing(mailed: Mailed) -> None:
    mailed.readers(1)
    assert come_back(mailed, postfix(SITE.notice_return_path(404)))
    assert mailed.suppressions() == {}
