"""A sender's records, asked of a small DNS server on loopback."""

import socket
import threading
from collections.abc import Callable, Iterator

import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from newsletter.editions.dns_check import check_dns

SPF = ("ledger.example", "v=spf1 include:sendgrid.net ~all")
DKIM = ("s1._domainkey.ledger.example", "k=rsa; p=MIGf")
DMARC = ("_dmarc.ledger.example", "v=DMARC1; p=none")

Resolver = dns.resolver.Resolver


@pytest.fixture
def zone() -> Iterator[Callable[..., Resolver]]:
    """Serve TXT records: zone((name, text), …) gives a resolver that asks for them."""
    records: list[tuple[str, str]] = []
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            wire, asker = listening.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            reply = dns.message.make_response(query)
            name = query.question[0].name
            texts = [f'"{text}"' for owner, text in records if name.to_text() == f"{owner}."]
            if texts:
                reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
            else:
                reply.set_rcode(dns.rcode.NXDOMAIN)
            listening.sendto(reply.to_wire(), asker)

    thread = threading.Thread(target=answer)
    thread.start()

    def resolver(*wanted: tuple[str, str]) -> Resolver:
        records[:] = wanted
        asking = dns.resolver.Resolver(configure=False)
        asking.nameservers = ["127.0.0.1"]
        asking.port = listening.getsockname()[1]
        return asking

    yield resolver
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
        ending.sendto(b"", listening.getsockname())
    thread.join()
    listening.close()


def codes(resolver: Resolver, domain: str = "ledger.example") -> list[str]:
    return [finding.code for finding in check_dns(domain, resolver=resolver)]


def test_a_domain_with_all_three_is_fine(zone: Callable[..., Resolver]) -> None:
    assert codes(zone(SPF, DKIM, DMARC)) == []


def test_what_is_missing_is_told(zone: Callable[..., Resolver]) -> None:
    assert codes(zone(("ledger.example", "some=thing"))) == ["no-spf", "no-dkim", "no-dmarc"]


def test_two_spf_records_are_none(zone: Callable[..., Resolver]) -> None:
    assert codes(zone(SPF, SPF, ("ledger.example", "v=spf1 -all"), DKIM, DMARC)) == ["several-spf"]


def test_an_spf_record_for_everybody_is_told(zone: Callable[..., Resolver]) -> None:
    assert codes(zone(("ledger.example", "v=spf1 +all"), DKIM, DMARC)) == ["open-spf"]


def test_the_policy_of_a_domain_above_counts(zone: Callable[..., Resolver]) -> None:
    records = (
        ("news.ledger.example", SPF[1]),
        ("s2._domainkey.news.ledger.example", DKIM[1]),
        DMARC,
    )
    assert codes(zone(*records), "news.ledger.example") == []


def test_a_resolver_that_does_not_answer_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.editions.dns_check.SECONDS", 0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = silent.getsockname()[1]
        found = check_dns("ledger.example", resolver=resolver)
    assert [(one.code, one.severity) for one in found] == [("dns-unknown", "warning")]
