"""What makes spam filters, and readers, suspicious."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from emails.composition import Composition, Finding
from emails.outline import Outline
from emails.whereabouts import Whereabouts

_SHOUTING_SHARE = 0.7
_SHORTEST_SHOUT = 8
_LEAST_TEXT = 400
"""Characters; what has fewer, and a picture, is a picture to a filter."""
_FAKE_REPLY = re.compile(r"(?:re|fwd?|aw|wg|tr|rv)\s*:", re.IGNORECASE)
_REPEATED = re.compile(r"[!?]{2,}|!.*!|[$€£]{2,}")
_PHRASES = re.compile(
    r"\b(?:act now|100 ?% free|risk[- ]free|no obligation|limited time|order now|buy now|"
    r"winner|you have won|cash bonus|earn money|double your|lowest price|urgent|"
    r"guaranteed|click here|free gift|once in a lifetime)\b",
    re.IGNORECASE,
)
_SHORTENERS = frozenset(
    {"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"}
)
_SAYING_NOTHING = frozenset(
    {"click here", "here", "click", "link", "this link", "hier", "hier klicken", "cliquez ici"}
    | {"ici", "haga clic aquí", "aquí", "clicca qui", "qui", "clique aqui", "aqui", "klik hier"}
)
_AN_ADDRESS = re.compile(r"(?:https?://|www\.)([^/\s?#]+)\S*", re.IGNORECASE)


def suspicions(
    composition: Composition, outline: Outline, whereabouts: Whereabouts
) -> Iterator[Finding]:
    """Warnings about subject, preheader, links and pictures."""
    yield from _about_subject(composition.subject)
    for field in ("subject", "preheader"):
        if found := _PHRASES.search(getattr(composition, field)):
            yield _warning(
                "spammy-words", field, f"{found[0]!r} is what spam says: use words of your own"
            )
    yield from _about_addresses((link.url for link in composition.links), whereabouts)
    yield from _about_words(outline, whereabouts)
    if outline.pictures and len(composition.text) < _LEAST_TEXT:
        message = f"there are pictures and fewer than {_LEAST_TEXT} characters of text: filters, and readers without pictures, see nothing; say it in words too"
        yield _warning("mostly-pictures", "sections", message)


def _about_subject(subject: str) -> Iterator[Finding]:
    letters = [letter for letter in subject if letter.isalpha()]
    capitals = sum(map(str.isupper, letters))
    if len(letters) >= _SHORTEST_SHOUT and capitals > _SHOUTING_SHARE * len(letters):
        yield _warning("shouting", "subject", "the subject is in capitals: write it as a sentence")
    if found := _REPEATED.search(subject):
        yield _warning(
            "exclaiming", "subject", f"the subject exclaims ({found[0]!r}): one sign is enough"
        )
    if _FAKE_REPLY.match(subject):
        message = "the subject looks like an answer to something that the reader wrote: leave the prefix out"
        yield _warning("fake-reply", "subject", message)


def _about_addresses(urls: Iterable[str], whereabouts: Whereabouts) -> Iterator[Finding]:
    for url in urls:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        if host in _SHORTENERS:
            message = f"{url} hides where it leads, as spam does: link to the page itself"
            yield _warning("shortened-link", whereabouts.field(url), message)
        elif _is_number(host):
            message = f"{url} names no host but a number, as spam does: link to its name"
            yield _warning("bare-number-link", whereabouts.field(url), message)


def _is_number(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _about_words(outline: Outline, whereabouts: Whereabouts) -> Iterator[Finding]:
    for address, words in outline.links:
        if words.casefold().strip(" .…→") in _SAYING_NOTHING:
            message = f"the link {words!r} says nothing of where it leads to who hears links only: name what is there"
            yield _warning("vague-link", whereabouts.field(address), message)
        found = _AN_ADDRESS.fullmatch(words)
        if found and found[1].casefold() != (urlsplit(address).hostname or ""):
            message = f"the words {words!r} are one address and the link is another, as in phishing: write words"
            yield _warning("address-as-words", whereabouts.field(address), message)


def _warning(code: str, field: str, message: str) -> Finding:
    return Finding(code, "warning", field, message)
