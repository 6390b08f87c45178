"""What a provider is given for a reader, and what is told of those whom it would not take."""

from newsletter.dispatch.mailing import ascii_address
from newsletter.editions.models import Edition
from newsletter.privacy.person import whole_timeline
from newsletter.providers.base import Outcome
from newsletter.reports.report import edition_report
from tests.newsletter.dispatch.desk import Desk, ScriptedProvider


def test_a_domain_in_other_letters_is_given_in_its_ascii_form(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_reader("hans@bücher.example")
    edition_id = desk.edition()
    desk.freeze(edition_id)

    desk.run(provider)

    assert provider.taken == ["hans@xn--bcher-kva.example"]


def test_an_address_that_has_no_ascii_form_stays_as_it_is() -> None:
    assert ascii_address("jörg@example.org") == "jörg@example.org"
    assert ascii_address("ada@-ü-.example") == "ada@-ü-.example"


def test_report_and_timeline_say_why_somebody_was_not_taken(
    desk: Desk, provider: ScriptedProvider
) -> None:
    desk.add_readers(3)
    provider.answer = lambda email: (
        Outcome.refused("550", "no such user")
        if email.startswith("reader1@")
        else Outcome.accepted("250")
    )
    edition_id = desk.edition()
    desk.freeze(edition_id)

    desk.run(provider)

    [turned_away] = [one for one in desk.deliveries(edition_id) if one.state == "refused"]
    with desk.database.reading() as session:
        report = edition_report(session, session.get_one(Edition, edition_id))
        told = [(one.what, one.note) for one in whole_timeline(session, turned_away.subscriber_id)]
    assert [(one.kind, one.reason, one.count) for one in report.refusals] == [
        ("refused", "550 no such user", 1)
    ]
    assert report.to_dict()["refusals"] == [
        {"kind": "refused", "reason": "550 no such user", "count": 1}
    ]
    assert [note for what, note in told if what.endswith(" refused")] == ["550 no such user"]
