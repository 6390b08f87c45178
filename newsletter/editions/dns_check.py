"""Whether a sender's domain says who may send for it: SPF, DKIM and DMARC, as DNS has them now.

Only findings: nothing is refused for what DNS says this minute.
"""

from collections.abc import Iterator, Sequence

import dns.exception
import dns.resolver

from emails.composition import Finding

SECONDS = 5.0
SELECTORS = ("s1", "s2", "default", "mail", "k1", "google", "selector1")
"""Where most senders keep their DKIM keys: SendGrid at s1 and s2. Others can't be guessed."""

_ABSENT = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


def check_dns(
    domain: str,
    *,
    selectors: Sequence[str] = SELECTORS,
    resolver: dns.resolver.Resolver | None = None,
) -> list[Finding]:
    """Return a warning for each record that mailbox providers ask for and don't find."""
    asked = resolver or dns.resolver.get_default_resolver()
    try:
        return [*_spf(domain, asked), *_dkim(domain, selectors, asked), *_dmarc(domain, asked)]
    except dns.exception.DNSException as error:
        return [_warning("dns-unknown", f"DNS does not answer for {domain}: {error}")]


def _spf(domain: str, resolver: dns.resolver.Resolver) -> Iterator[Finding]:
    """RFC 7208: exactly one record (§4.5), which doesn't let everybody in."""
    records = [text for text in _texts(domain, resolver) if text.lower().split()[:1] == ["v=spf1"]]
    if not records:
        yield _warning("no-spf", f"{domain} has no SPF record: add one that names your provider")
    elif len(records) > 1:
        yield _warning("several-spf", f"{domain} has {len(records)} SPF records, so none counts")
    elif "+all" in records[0].lower().split() or "all" in records[0].lower().split():
        yield _warning("open-spf", f"{domain}'s SPF record ends in +all: anybody may send for it")


def _dkim(
    domain: str, selectors: Sequence[str], resolver: dns.resolver.Resolver
) -> Iterator[Finding]:
    """RFC 6376 §3.6.2.1: a key at SELECTOR._domainkey.DOMAIN."""
    if not any(_texts(f"{one}._domainkey.{domain}", resolver) for one in selectors):
        names = ", ".join(selectors)
        message = f"{domain} has no DKIM key at {names}: look whether it has one elsewhere"
        yield _warning("no-dkim", message)


def _dmarc(domain: str, resolver: dns.resolver.Resolver) -> Iterator[Finding]:
    """RFC 7489 §6.6.3: the domain's own policy, else that of one above it."""
    labels = domain.split(".")
    above = [".".join(labels[at:]) for at in range(len(labels) - 1)] or [domain]
    for name in above:
        if any(text.lower().startswith("v=dmarc1") for text in _texts(f"_dmarc.{name}", resolver)):
            return
    yield _warning(
        "no-dmarc",
        f'{domain} has no DMARC policy: Gmail and Yahoo ask for "v=DMARC1; p=none" at least',
    )


def _texts(name: str, resolver: dns.resolver.Resolver) -> list[str]:
    """The TXT records of `name`, each joined from its strings."""
    try:
        answer = resolver.resolve(name, "TXT", lifetime=SECONDS)
    except _ABSENT:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def _warning(code: str, message: str) -> Finding:
    return Finding(code, "warning", "brand.sender", message)
