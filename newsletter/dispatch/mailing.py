"""Mailing: a window's rows become what a provider takes, slots filled by reference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import overload

import idna
from sqlmodel import Session

from emails.addresses import TOKEN
from emails.composition import Composition
from emails.mime import MailHeaders
from emails.reader import NOBODY, Reader
from newsletter.dispatch.handoff import Row
from newsletter.editions.models import Edition
from newsletter.providers.base import Mailing, Recipient
from newsletter.publications import Publication
from newsletter.site import Site
from subscribers.readers import personal_rows

Readers = Mapping[int, Reader]
"""What the mail may say of each reader, by subscriber id; of those who are missing, nothing."""
NO_READERS: Readers = MappingProxyType({})

SENDER_ID_AT_LEAST = 5
TEST_READER = 0
"""The subscriber id in a test mail's token: pages know it and change nothing."""


@dataclass(frozen=True)
class Imprint:
    """What all mails of one edition and variant share."""

    composition: Composition
    headers: MailHeaders
    edition_id: int


def imprint(
    publication: Publication,
    edition: Edition,
    composition: Composition,
    site: Site,
    *,
    date: float,
) -> Imprint:
    """Bind a composition to its headers; `date` is UTC seconds."""
    return Imprint(composition, edition_headers(publication, edition, site, date=date), edition.key)


def edition_headers(
    publication: Publication, edition: Edition, site: Site, *, date: float
) -> MailHeaders:
    """The headers of an edition's mail (RFC 2369, 2919, 8058; Gmail's Feedback-ID)."""
    root = publication.site_url(site.base_url)
    domain = publication.sender_domain
    return MailHeaders(
        sender=publication.sender,
        reply_to=publication.reply_to,
        date=date,
        message_id_domain=domain,
        list_id=f"{publication.name} <{publication.slug}.{domain}>",
        list_unsubscribe=f"{root}/unsubscribe/{TOKEN}",
        feedback_id=f"{edition.key}:{publication.slug}:edition:{_sender_id(publication)}",
    )


def readers_of(session: Session, imprinted: Imprint, rows: Sequence[Row]) -> Readers:
    """What the edition's placeholders need of a window's readers; asks nothing where it has none."""
    if not imprinted.composition.personal:
        return NO_READERS
    found = personal_rows(session, [row.subscriber_id for row in rows])
    return {one.id: Reader(one.name, one.attributes, one.tags) for one in found}


def mailing(
    imprinted: Imprint,
    rows: Sequence[Row],
    site: Site,
    *,
    batch: str,
    may_begin: Callable[[], bool],
    readers: Readers = NO_READERS,
) -> Mailing:
    """Fill the slots of a window's readers."""
    return Mailing(
        composition=imprinted.composition,
        headers=imprinted.headers,
        recipients=_Recipients(rows, partial(_recipients, imprinted, rows, site, readers)),
        edition=str(imprinted.edition_id),
        batch=batch,
        return_path=partial(_return_path, site, imprinted.edition_id)
        if site.bounce_address
        else None,
        may_begin=may_begin,
    )


def ascii_address(email: str) -> str:
    """`email` with its domain in the ASCII form (RFC 5890), as providers and headers want it."""
    if email.isascii():
        return email
    local, _, domain = email.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return email  # whoever takes it says why it can't be written to


def delivery_key(edition_id: int, subscriber_id: int) -> str:
    """How a provider's events name a delivery."""
    return f"{edition_id}-{subscriber_id}"


def notice_key(notice_id: int) -> str:
    """How a provider's events name a small mail."""
    return f"notice-{notice_id}"


class _Recipients(Sequence[Recipient]):
    """One for each row, made when they are first looked at: in the provider's thread, as a rule.

    Meanwhile the dispatcher is at the next window. Its thread is the busiest one.
    """

    def __init__(self, rows: Sequence[Row], make: Callable[[], Sequence[Recipient]]) -> None:
        self._rows = rows
        self._make = make

    @cached_property
    def _made(self) -> Sequence[Recipient]:
        return self._make()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Recipient]:
        return iter(self._made)

    @overload
    def __getitem__(self, index: int) -> Recipient: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Recipient]: ...
    def __getitem__(self, index: int | slice) -> Recipient | Sequence[Recipient]:
        return self._made[index]


def _recipients(
    imprinted: Imprint, rows: Sequence[Row], site: Site, readers: Readers
) -> list[Recipient]:
    edition_id, message_id = imprinted.edition_id, imprinted.headers.message_id
    values_of = _values(imprinted, site, readers)
    keys = [delivery_key(edition_id, subscriber_id) for subscriber_id, _ in rows]
    return [
        Recipient(key, ascii_address(email), message_id(key), values_of(subscriber_id))
        for key, (subscriber_id, email) in zip(keys, rows, strict=True)
    ]


def _values(imprinted: Imprint, site: Site, readers: Readers) -> Callable[[int], Mapping[str, str]]:
    """From a subscriber's id to what stands in the slots of their mail."""
    token_of = site.delivery_tokens(imprinted.edition_id)
    if not imprinted.composition.personal:
        return lambda subscriber_id: {"token": token_of(subscriber_id)}
    values = imprinted.composition.values
    return lambda subscriber_id: values(token_of(subscriber_id), readers.get(subscriber_id, NOBODY))


def _return_path(site: Site, edition_id: int, recipient: Recipient) -> str:
    return site.return_path(edition_id, int(recipient.key.rpartition("-")[2]))


def _sender_id(publication: Publication) -> str:
    """Feedback-ID's last field: stable, 5 to 15 characters."""
    slug = publication.slug
    return (slug if len(slug) >= SENDER_ID_AT_LEAST else f"{slug}-newsletter")[:15].rstrip("-")
