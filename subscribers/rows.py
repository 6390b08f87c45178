"""A file's record -> a row to stage: what it says about one reader, checked and normalised."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import orjson

from subscribers.addresses import clean_name, parse, plain
from subscribers.columns import Field
from subscribers.errors import InvalidAddress, UnfitRow
from subscribers.models import State, SuppressionReason, Tracking

NO_SUBSCRIPTION = "none"

Row = tuple[str | float | None, ...]
"""One reader as a file tells of them: COMMON, and after it RARE where the file has any of it.

Words are plain strings: a driver takes a member of an enumeration the long way round.
"""
COMMON = ("email_key", "email", "name", "lane", "attributes", "created_at", "tracking")
"""`email` is None where it is the key itself; `attributes` a JSON object."""
RARE = (
    "leaves", "state", "suppress", "tags", "muted", "language", "time_zone", "confirmed_at",
    "paused_until", "ended_at", "end_reason",
)  # fmt: skip
"""`leaves` 1 or 0; `state` empty for no subscription; `suppress` a SuppressionReason or empty;
`tags` a JSON array of strings."""


class Standing(NamedTuple):
    """What a word for a reader's state means: listmonk's, Ghost's, Mailchimp's and ours."""

    state: str
    suppress: str = ""


_ACTIVE, _LEFT = Standing(State.ACTIVE), Standing(State.UNSUBSCRIBED)
_BLOCKED = Standing(State.UNSUBSCRIBED, SuppressionReason.IMPORTED)
_STANDINGS: Mapping[str, Standing] = {
    **dict.fromkeys(("active", "enabled", "subscribed", "confirmed", "true", "yes", "1"), _ACTIVE),
    **dict.fromkeys(("unsubscribed", "disabled", "left", "inactive", "false", "no", "0"), _LEFT),
    **dict.fromkeys(("blocklisted", "blacklisted", "blocked", "do-not-mail"), _BLOCKED),
    **dict.fromkeys(
        ("bounced", "cleaned"), Standing(State.UNSUBSCRIBED, SuppressionReason.HARD_BOUNCE)
    ),
    "complained": Standing(State.UNSUBSCRIBED, SuppressionReason.COMPLAINT),
    **dict.fromkeys(("pending", "unconfirmed"), Standing(State.PENDING)),
    "paused": Standing(State.PAUSED),
    NO_SUBSCRIPTION: Standing(""),
}
_TRACKING = {
    **dict.fromkeys(("yes", "true", "1"), Tracking.LINKED.value),
    **dict.fromkeys(("no", "false", "0"), Tracking.OFF.value),
    "": Tracking.COUNTED.value,
}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a row says where the file doesn't."""

    standing: Standing
    binding: bool
    """The file's own states don't count: the editor said what everyone in it is."""
    now: float


class RowReader:
    """Reads the records of one file. What the file doesn't have costs nothing a row.

    `columns` are those of its rows; `constants` what RARE columns are that no row has.
    """

    def __init__(self, header: Sequence[str], columns: Sequence[Field], defaults: Defaults) -> None:
        self._header, self._now, self._defaults = header, defaults.now, defaults
        self._at = {field: columns.index(field) for field in columns if field != Field.ATTRIBUTE}
        self._own = [(header[i], i) for i, held in enumerate(columns) if held == Field.ATTRIBUTE]
        self._rare = self._at.keys() & _RARE_FIELDS
        self.columns = (*COMMON, *RARE) if self._rare else COMMON
        ordinary = dict(zip(RARE, _rare_fields({}, defaults).row, strict=True))
        self.constants = {} if self._rare else ordinary

    def read(self) -> Callable[[list[str]], Row]:
        """Make the function that reads one record's fields; it raises UnfitRow.

        It runs a million times: what it needs is at hand in variables, and the address of the
        form that nearly all have is read without a call more than it takes.
        """
        at, own, header, now = self._at, self._own, self._header, self._now
        email_at, name_at = at[Field.EMAIL], at.get(Field.NAME, -1)
        created_at, tracking_at = at.get(Field.CREATED, -1), at.get(Field.TRACKING, -1)
        rare, rare_fields = bool(self._rare), self._rare_of
        counted = _TRACKING[""]

        def read(fields: list[str]) -> Row:
            email = fields[email_at].strip()
            address = plain(email) or _look_longer(email)
            name = fields[name_at] if name_at >= 0 else ""
            if not name.isprintable():
                name = clean_name(name)
            attributes: dict[str, Any] = {title: fields[i] for title, i in own if fields[i]}
            joined: float | None = now
            if created_at >= 0 and fields[created_at]:
                joined = _seconds(fields[created_at])
                if joined is None:
                    joined, attributes[header[created_at]] = now, fields[created_at]
            tracking = _tracking(fields[tracking_at]) if tracking_at >= 0 else counted
            said: Row = ()
            if rare:
                found = rare_fields(fields)
                said, attributes = found.row, found.attributes | attributes
            return (
                address.key,
                None if email == address.key else email,
                name.strip(),
                address.lane,
                _as_json(attributes) if attributes else "{}",
                joined,
                tracking,
                *said,
            )

        return read

    def _rare_of(self, fields: list[str]) -> "_Rare":
        said: dict[Field, str] = {held: fields[self._at[held]].strip() for held in self._rare}
        return _rare_fields(said, self._defaults)


_RARE_FIELDS = {
    Field.STATE, Field.SUPPRESSED, Field.TAGS, Field.ATTRIBUTES, Field.MUTED, Field.LANGUAGE,
    Field.TIME_ZONE, Field.CONFIRMED, Field.PAUSED_UNTIL, Field.ENDED, Field.END_REASON,
}  # fmt: skip


class _Rare(NamedTuple):
    attributes: dict[str, Any]
    row: Row
    """In the order of RARE."""


def _rare_fields(said: Mapping[Field, str], defaults: Defaults) -> _Rare:
    standing = _standing(said, defaults)
    left = standing.state == State.UNSUBSCRIBED
    ended = _seconds(said.get(Field.ENDED, "")) if left else None
    return _Rare(
        _attributes(said.get(Field.ATTRIBUTES, "")),
        (
            int(left or bool(standing.suppress)),
            str(standing.state),
            str(standing.suppress),
            _tags(said.get(Field.TAGS, "")),
            " ".join(sorted(set(said.get(Field.MUTED, "").replace(",", " ").split()))),
            clean_name(said.get(Field.LANGUAGE, "")),
            clean_name(said.get(Field.TIME_ZONE, "")),
            _seconds(said.get(Field.CONFIRMED, "")),
            _seconds(said.get(Field.PAUSED_UNTIL, "")),
            (ended or defaults.now) if left else None,
            (clean_name(said.get(Field.END_REASON, "")) or "imported") if left else "",
        ),
    )


def _standing(said: Mapping[Field, str], defaults: Defaults) -> Standing:
    standing = defaults.standing
    word = said.get(Field.STATE, "").casefold()
    if word and not defaults.binding:
        if word not in _STANDINGS:
            raise UnfitRow(
                f"unknown state {word[:40]!r}: write active, unsubscribed or do-not-mail"
            )
        standing = _STANDINGS[word]
    elif said.get(Field.ENDED) and not defaults.binding:
        standing = _LEFT  # Ghost keeps who left with the date only
    reason = said.get(Field.SUPPRESSED, "").casefold()
    if not reason or standing.suppress:
        return standing
    if reason not in set(SuppressionReason):
        raise UnfitRow(f"unknown reason {reason[:40]!r} in the column suppressed")
    return Standing(standing.state, reason)


def _look_longer(email: str) -> Any:
    try:
        return parse(email)
    except InvalidAddress as error:
        raise UnfitRow(str(error)) from error


def _tracking(word: str) -> str:
    try:
        return _TRACKING[word.strip().casefold()]
    except KeyError:
        raise UnfitRow(f"tracking_consent is yes, no or empty, not {word[:40]!r}") from None


def _attributes(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnfitRow(f"attributes are not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnfitRow("attributes are not a JSON object")
    return found


def _tags(text: str) -> str:
    if not text:
        return "[]"
    try:
        found = orjson.loads(text) if text.startswith("[") else text.split(",")
    except orjson.JSONDecodeError as error:
        raise UnfitRow(f"tags are not a JSON array: {error}") from error
    tags = dict.fromkeys(clean_name(str(tag)) for tag in found)
    return _as_json([tag for tag in tags if tag])


def _as_json(value: dict[str, Any] | list[str]) -> str:
    # PostgreSQL's jsonb can't hold NUL.
    text = orjson.dumps(value).decode()
    return text.replace("\\u0000", "") if "\\u0000" in text else text


@lru_cache(maxsize=10_000)
def _seconds(text: str) -> float | None:
    """Read an ISO date or time (UTC unless it says otherwise); None for anything else."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Group rows, so that they reach the database many at a time."""
    while batch := list(islice(rows, size)):
        yield batch
