"""One field of a file's record, read: a date, tags, a state's word, a name.

Each function takes a text as it stands in the file and raises UnfitRow with the reason where it
can't be stored, but for those that take a whole column at once, which costs a tenth.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar
from zoneinfo import available_timezones

import orjson

from subscribers.addresses import Address, clean_name, parse, plain, plain_columns
from subscribers.errors import InvalidAddress, UnfitRow
from subscribers.words import State, SuppressionReason, Tracking

NO_SUBSCRIPTION = "none"

T = TypeVar("T")
Given = TypeVar("Given")
Unfit = dict[int, str]
"""Number of a row in its batch -> why it can't be stored."""


class Standing(NamedTuple):
    """What a word for a reader's state means: listmonk's, Ghost's, Mailchimp's and ours.

    Both are plain strings: a driver takes a member of an enumeration the long way round.
    """

    state: str
    """Empty: no subscription."""
    suppress: str = ""
    """A SuppressionReason, or empty."""

    @property
    def leaves(self) -> bool:
        """Of two rows for an address, the one that leaves counts."""
        return self.state == State.UNSUBSCRIBED or self.suppress != ""


_ACTIVE, _LEFT = Standing(State.ACTIVE.value), Standing(State.UNSUBSCRIBED.value)
_STANDINGS: Mapping[str, Standing] = {
    **dict.fromkeys(("active", "enabled", "subscribed", "confirmed", "true", "yes", "1"), _ACTIVE),
    **dict.fromkeys(("unsubscribed", "disabled", "left", "inactive", "false", "no", "0"), _LEFT),
    **dict.fromkeys(
        ("blocklisted", "blacklisted", "blocked", "do-not-mail"),
        Standing(_LEFT.state, SuppressionReason.IMPORTED.value),
    ),
    **dict.fromkeys(
        ("bounced", "cleaned"), Standing(_LEFT.state, SuppressionReason.HARD_BOUNCE.value)
    ),
    "complained": Standing(_LEFT.state, SuppressionReason.COMPLAINT.value),
    **dict.fromkeys(("pending", "unconfirmed"), Standing(State.PENDING.value)),
    "paused": Standing(State.PAUSED.value),
    NO_SUBSCRIPTION: Standing(""),
}
_TRACKING = {
    **dict.fromkeys(("yes", "true", "1"), Tracking.LINKED.value),
    **dict.fromkeys(("no", "false", "0"), Tracking.OFF.value),
    "": Tracking.COUNTED.value,
}
_REASONS = frozenset(reason.value for reason in SuppressionReason)


def each(
    read: Callable[[Given], T], column: Iterable[Given], unfit: Unfit, *, instead: T
) -> list[T]:
    """Read every field of a column; of what can't be stored the reason goes to `unfit`.

    `instead` holds its place, until its row is dropped.
    """
    given = list(column)
    try:
        return list(map(read, given))
    except UnfitRow:
        return [_one(read, field, number, unfit, instead) for number, field in enumerate(given)]


def _one(read: Callable[[Given], T], field: Given, number: int, unfit: Unfit, instead: T) -> T:
    try:
        return read(field)
    except UnfitRow as reason:
        unfit.setdefault(number, str(reason))
        return instead


def addresses(
    column: Sequence[str], unfit: Unfit
) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Read addresses: three columns, the keys, the addresses as entered, and the lanes."""
    emails = list(map(str.strip, column))
    columns = plain_columns(emails)
    if columns is not None:
        return columns.keys, emails, columns.lanes
    found = each(_address, emails, unfit, instead=_NOBODY)
    return [one.key for one in found], emails, [one.lane for one in found]


_NOBODY = Address("", "", "", "")


def _address(email: str) -> Address:
    try:
        return plain(email) or parse(email)
    except InvalidAddress as error:
        raise UnfitRow(str(error)) from error


def names(column: Sequence[str]) -> list[str]:
    """Read names, made fit for a header."""
    if "".join(column).isprintable():
        return list(map(str.strip, column))
    return list(map(clean_name, column))


def clean(text: str) -> str:
    """Read a word, as names are read."""
    return clean_name(text) if text else ""


@lru_cache(10_000)
def language(text: str) -> str:
    """Read a language tag; none where it is none, as where nothing stands: the publication's."""
    tag = clean(text)
    return tag if is_language(tag) else ""


@lru_cache(10_000)
def time_zone(text: str) -> str:
    """Read a time zone; none where there is no such zone, as where nothing stands."""
    zone = clean(text)
    return zone if is_time_zone(zone) else ""


# BCP 47, as far as people use it; no longer than RFC 5646 §4.4.1 asks everybody to take.
_LANGUAGE = re.compile(r"(?!.{36})[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_zones = cache(available_timezones)


def is_language(text: str) -> bool:
    """Whether it is a language tag such as en or pt-BR."""
    return _LANGUAGE.fullmatch(text) is not None


def is_time_zone(text: str) -> bool:
    """Whether it is a zone of the IANA database, such as Europe/Paris."""
    return text in _zones()


class _Moments(dict[str, str]):
    """Dates read so far: a file has few, or each of its own, and then they are forgotten.

    Half as dear as `lru_cache`, which moves what it is asked for to the front each time.
    """

    def __missing__(self, text: str) -> str:
        if len(self) >= _MOMENTS:
            self.clear()
        self[text] = moment = _seconds(text)
        return moment


_MOMENTS = 10_000
_moments = _Moments()


# As Go prints a time, and so listmonk: 2021-05-01 10:11:12.5 +0200 CEST, the zone's name last.
_AS_GO_PRINTS = re.compile(r"(\S+ \S+) ([+-]\d{4}) [A-Za-z+-]\S*")


def _seconds(text: str) -> str:
    text = text.strip()
    if as_go := _AS_GO_PRINTS.fullmatch(text):
        text = as_go[1] + as_go[2]
    try:
        moment = datetime.fromisoformat(text)
        return repr((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return ""


seconds: Callable[[str], str] = _moments.__getitem__
"""Read an ISO date or time (UTC unless it says otherwise) as seconds; empty for all else."""


@cache
def tracking(word: str) -> str:
    """Read a word for consent to be tracked."""
    try:
        return _TRACKING[word.strip().casefold()]
    except KeyError:
        raise UnfitRow(f"tracking_consent is yes, no or empty, not {word[:40]!r}") from None


def standing(word: str, reason: str, ended: str, *, otherwise: Standing) -> Standing:
    """Read what the fields state, suppressed and ended_at say together.

    A date of leaving outweighs a word that says otherwise: nobody is brought back by a doubt.
    """
    found = _standing_of(word.strip().casefold()) if word.strip() else otherwise
    if ended.strip() and found.state:
        found = Standing(_LEFT.state, found.suppress)
    reason = reason.strip().casefold()
    if not reason or found.suppress:
        return found
    if reason not in _REASONS:
        raise UnfitRow(f"unknown reason {reason[:40]!r} in the column suppressed")
    return Standing(found.state, reason)


def _standing_of(word: str) -> Standing:
    if word not in _STANDINGS:
        raise UnfitRow(f"unknown state {word[:40]!r}: write active, unsubscribed or do-not-mail")
    return _STANDINGS[word]


def muted(text: str) -> str:
    """Read topic keys, with spaces or commas between them."""
    return " ".join(sorted(set(text.replace(",", " ").split()))) if text else ""


def tags(text: str) -> str:
    """Read a JSON array, or words with commas between them; return a JSON array of strings."""
    if not text.strip():
        return "[]"
    try:
        found = orjson.loads(text) if text.lstrip().startswith("[") else text.split(",")
    except orjson.JSONDecodeError as error:
        raise UnfitRow(f"tags are not a JSON array: {_fault(error)}") from error
    kept = dict.fromkeys(clean_name(str(tag)) for tag in found)
    return _as_json([tag for tag in kept if tag])


def attributes(column: Sequence[str], unfit: Unfit) -> list[dict[str, Any]]:
    """Read JSON objects; nothing is an empty one."""
    try:
        found = list(map(orjson.loads, column))
    except orjson.JSONDecodeError:  # most often by what is empty
        return each(_object, column, unfit, instead={})
    if set(map(type, found)) == {dict}:
        return found
    return each(_object, column, unfit, instead={})


def _object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnfitRow(f"attributes are not JSON: {_fault(error)}") from error
    if not isinstance(found, dict):
        raise UnfitRow("attributes are not a JSON object")
    return found


def _fault(error: orjson.JSONDecodeError) -> str:
    """What is wrong with a cell's JSON, and where in the cell: its line is not the file's."""
    return f"{error.msg} (character {error.pos + 1} of the cell)"


def as_objects(found: Sequence[dict[str, Any]], unfit: Unfit) -> list[str]:
    """Write attributes as JSON."""
    try:
        texts = [orjson.dumps(one).decode() for one in found]
    except orjson.JSONEncodeError:
        return each(_as_json, found, unfit, instead="{}")
    return list(map(_without_nul, texts)) if "\\u0000" in "".join(texts) else texts


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _as_json(value: dict[str, Any] | list[str]) -> str:
    try:
        return _without_nul(orjson.dumps(value).decode())
    except orjson.JSONEncodeError as error:
        raise UnfitRow(f"attributes can't be stored: {error}") from error


def _without_nul(text: str) -> str:
    return _NUL.sub(r"\1", text)  # PostgreSQL's jsonb can't hold it
