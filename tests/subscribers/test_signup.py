from itertools import pairwise

import pytest
from sqlmodel import select

from subscribers import signup, suppression, unsubscribe
from subscribers.addresses import AddressPolicy, Rule, parse
from subscribers.errors import AddressRefused, InvalidAddress, LinkUsed
from subscribers.guard import Cap, GuardPolicy
from subscribers.models import Subscriber, SuppressionReason, Tracking
from subscribers.signup import Asked, MailKind, Request, SignupPolicy
from tests.subscribers.readers import CLICK, DAY, FORM, NOW, Readers, hash_of


def policy(rule: Rule) -> SignupPolicy:
    """One rule for every sort of address."""
    return SignupPolicy(
        AddressPolicy(
            international=rule, disposable=rule, roles=rule,
            refused_domains=frozenset({"throwaway.example"}),
        )
    )  # fmt: skip


def test_a_reader_is_mailed_only_once_they_confirmed(readers: Readers) -> None:
    mail = readers.ask("Ada@Example.org").mail
    assert mail is not None
    assert mail.kind == MailKind.CONFIRM
    assert readers.subscription("ada@example.org").state == "pending"
    assert not readers.subscription("ada@example.org").mailable

    readers.confirm(mail, now=NOW + 60)

    subscription = readers.subscription("ada@example.org")
    assert (subscription.state, subscription.mailable) == ("active", True)
    assert subscription.confirmed_at == NOW + 60
    assert readers.subscriber("ada@example.org").email == "Ada@Example.org"


def test_a_confirmation_is_on_the_record_with_its_wording(readers: Readers) -> None:
    readers.subscribe("ada@example.org", tracking=Tracking.LINKED)

    mail, tracking = readers.records()
    assert (mail.kind, mail.granted, mail.source, mail.wording) == (
        "mail", True, "form", FORM.wording,
    )  # fmt: skip
    assert (tracking.kind, tracking.granted) == ("tracking", True)
    assert readers.subscription("ada@example.org").consent_id == mail.id
    assert readers.subscription("ada@example.org").tracking == "linked"


def test_a_link_confirms_once_and_makes_the_others_void(readers: Readers) -> None:
    first = readers.ask("ada@example.org").mail
    second = readers.ask("ada@example.org", now=NOW + 1000).mail
    readers.confirm(first)

    for used in (first, second):
        with pytest.raises(LinkUsed):
            readers.confirm(used)


def test_a_link_from_before_an_unsubscription_brings_nobody_back(readers: Readers) -> None:
    mail = readers.ask("ada@example.org").mail
    assert mail is not None
    readers.do(unsubscribe.leave, mail.subscriber_id, mail.publication_id, CLICK, now=NOW)

    with pytest.raises(LinkUsed):
        readers.confirm(mail)


def test_a_request_changes_nothing_for_whom_we_know(readers: Readers) -> None:
    reader = readers.subscribe("ada@example.org", tracking=Tracking.OFF)
    readers.do(unsubscribe.leave, reader, readers.publication_id, CLICK, now=NOW)

    mail = readers.ask("ADA@example.org", now=NOW + DAY, name="Somebody Else").mail

    assert mail is not None
    assert mail.kind == MailKind.CONFIRM
    assert readers.subscription("ada@example.org").state == "unsubscribed"
    assert readers.subscriber("ada@example.org").name == ""
    readers.confirm(mail, now=NOW + DAY)
    assert readers.subscription("ada@example.org").mailable


def test_an_active_reader_is_told_that_they_are(readers: Readers) -> None:
    readers.subscribe("ada@example.org")

    mail = readers.ask("ada@example.org", now=NOW + DAY).mail

    assert mail is not None
    assert mail.kind == MailKind.ALREADY_SUBSCRIBED


@pytest.mark.parametrize("reason", sorted(suppression.LIFTED_BY_READER))
def test_a_fresh_confirmation_lifts_a_suppression(
    readers: Readers, reason: SuppressionReason
) -> None:
    readers.subscribe("ada@example.org")
    readers.do(suppression.suppress, "ada@example.org", reason, now=NOW)
    assert not readers.subscription("ada@example.org").mailable

    readers.confirm(readers.ask("ada@example.org", now=NOW + DAY).mail, now=NOW + DAY)

    assert readers.subscription("ada@example.org").mailable
    assert readers.do(suppression.find_live, ["ada@example.org"]) is None


def test_an_editors_suppression_outlasts_a_request(readers: Readers) -> None:
    mail = readers.ask("ada@example.org").mail
    readers.do(suppression.suppress, "ada@example.org", SuppressionReason.MANUAL, now=NOW)

    assert readers.ask("ada@example.org", now=NOW + DAY).mail is None
    readers.confirm(mail)
    assert not readers.subscription("ada@example.org").mailable


def test_whatever_fills_the_hidden_field_leaves_no_trace(readers: Readers) -> None:
    assert readers.ask("ada@example.org", honeypot="http://spam.example").mail is None
    assert readers.ask("ada@example.org", challenge_passed=False).mail is None
    assert readers.ask("ada@example.org").mail is not None


def test_a_name_becomes_one_line_without_control_characters(readers: Readers) -> None:
    readers.ask("ada@example.org", name="Ada\r\nBcc: all@example.org\x00 ")

    assert readers.subscriber("ada@example.org").name == "Ada Bcc: all@example.org"


@pytest.mark.parametrize("wrong", ["", "ada", "ada@", "a b@example.org", "ada@localhost", "a@b@c"])
def test_what_is_no_address_is_refused(readers: Readers, wrong: str) -> None:
    with pytest.raises(InvalidAddress):
        readers.ask(wrong)


ODD = ["ada@mailinator.com", "ada@sub.Mailinator.com", "Abuse@example.org", "ådå@example.org"]


@pytest.mark.parametrize("odd", ODD)
def test_policy_keeps_addresses_out_before_anything_is_stored(readers: Readers, odd: str) -> None:
    with pytest.raises(AddressRefused):
        readers.ask(odd, policy=policy(Rule.REFUSE))
    with readers.session() as session:
        assert session.exec(select(Subscriber)).all() == []


@pytest.mark.parametrize("odd", ODD)
def test_policy_warns_of_an_address_and_takes_it(readers: Readers, odd: str) -> None:
    answer = readers.ask(odd, policy=policy(Rule.WARN))
    assert answer.mail is not None
    assert len(answer.doubts) == 1


@pytest.mark.parametrize("odd", [*ODD, "ada@example.org", "ada@notmailinator.com"])
def test_policy_allows_addresses_without_a_word(readers: Readers, odd: str) -> None:
    answer = readers.ask(odd, policy=policy(Rule.ALLOW))
    assert answer.mail is not None
    assert answer.doubts == ()


@pytest.mark.parametrize("kept_out", ["a@throwaway.example", "b@sub.throwaway.example"])
def test_a_domain_that_an_operator_refuses_is_refused_under_every_rule(
    readers: Readers, kept_out: str
) -> None:
    with pytest.raises(AddressRefused):
        readers.ask(kept_out, policy=policy(Rule.ALLOW))


def test_a_domain_in_other_letters_is_taken_under_every_rule(readers: Readers) -> None:
    answer = readers.ask("ada@bücher.example", policy=policy(Rule.REFUSE))
    assert answer.mail is not None
    assert readers.subscriber("ada@bücher.example").email_key == "ada@xn--bcher-kva.example"


def test_a_likely_typo_is_shown_and_not_applied(readers: Readers) -> None:
    answer = readers.ask("ada@gmial.com")

    assert answer.suggestion == "ada@gmail.com"
    assert readers.subscriber("ada@gmial.com").email == "ada@gmial.com"


def test_one_victim_gets_three_mails_in_any_day_at_most(readers: Readers) -> None:
    times = [NOW + 600 * step for step in range(6 * 24 * 3)]
    sent = [time for time in times if readers.ask("victim@example.org", now=time).mail]

    assert len(sent) >= 3
    assert all(later - earlier >= 900 for earlier, later in pairwise(sent))
    assert all(sum(start <= time < start + DAY for time in sent) <= 3 for start in sent)


def test_the_caps_hold_among_those_who_come_at_once(readers: Readers) -> None:
    policy = GuardPolicy(
        per_domain=(Cap(2, DAY),), per_ip_prefix=(Cap(3, DAY),), per_publication=(Cap(4, DAY),)
    )
    crowd = [
        ("ada@example.org", ""), ("ada+1@example.org", ""), ("bob@example.org", "192.0.2.1"),
        ("eve@example.org", "192.0.2.2"), ("eve@example.net", "192.0.2.3"),
        ("ida@example.net", "192.0.2.4"), ("ida@example.com", ""), ("una@example.com", ""),
    ]  # fmt: skip
    asked = [
        Asked(readers.publication_id, Request(email, "form", ip=ip), parse(email))
        for email, ip in crowd
    ]

    mails = readers.do(signup.take, asked, policy, hash_of=hash_of, now=NOW)

    assert [mail and mail.email for mail in mails] == [
        "ada@example.org",
        None,  # the same mailbox
        "bob@example.org",
        None,  # the third of the domain, though counted for the network
        "eve@example.net",
        None,  # the fourth of the network
        "ida@example.com",
        None,  # the fifth of the publication
    ]


def test_a_flood_for_one_victim_leaves_room_for_others(readers: Readers) -> None:
    narrow = SignupPolicy(guard=GuardPolicy(per_publication=(Cap(2, DAY),)))
    for spelling in ("v.ic.tim@gmail.com", "victim+a@gmail.com", "Victim@googlemail.com"):
        readers.ask(spelling, policy=narrow)

    assert readers.ask("ada@example.org", policy=narrow).mail is not None
    assert readers.ask("bob@example.org", policy=narrow).mail is None


def test_one_network_is_capped_and_a_neighbour_is_not(readers: Readers) -> None:
    narrow = SignupPolicy(guard=GuardPolicy(per_ip_prefix=(Cap(2, DAY),)))
    asked = [readers.ask(f"r{n}@example.org", ip=f"192.0.2.{n}", policy=narrow) for n in range(4)]

    assert [answer.mail is not None for answer in asked] == [True, True, False, False]
    assert readers.ask("x@example.org", ip="198.51.100.1", policy=narrow).mail is not None
    assert readers.ask("y@example.org", ip="::ffff:192.0.2.9", policy=narrow).mail is None
