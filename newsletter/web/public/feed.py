"""The archive as an Atom feed (RFC 4287)."""

import datetime as dt
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from newsletter.editions.models import Edition
from newsletter.publications import Publication
from newsletter.web.pages import title_of

ATOM = "http://www.w3.org/2005/Atom"


def atom(publication: Publication, editions: Sequence[Edition], *, root: str) -> bytes:
    """One entry an edition, newest first; `root` is the publication's public address."""
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": publication.language})
    _text(feed, "id", f"{root}/archive")
    _text(feed, "title", publication.name)
    _text(feed, "updated", _time(max(map(_published_at, editions), default=0.0)))
    ET.SubElement(ET.SubElement(feed, "author"), "name").text = publication.name
    ET.SubElement(feed, "link", rel="self", href=f"{root}/archive/feed.xml")
    ET.SubElement(feed, "link", rel="alternate", href=f"{root}/archive")
    for edition in editions:
        _entry(feed, edition, root)
    xml: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return xml


def _entry(feed: ET.Element, edition: Edition, root: str) -> None:
    address = f"{root}/archive/{edition.name}"
    entry = ET.SubElement(feed, "entry")
    _text(entry, "id", address)
    _text(entry, "title", title_of(edition))
    _text(entry, "updated", _time(_published_at(edition)))
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=address)


def _published_at(edition: Edition) -> float:
    return edition.started_at or edition.finished_at or edition.updated_at


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")
