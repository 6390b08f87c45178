"""A file's record -> a row to stage: what it says about one reader, checked and normalised."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from subscribers.addresses import clean_name, parse, plain
from subscribers.columns import Field
from subscribers.errors import InvalidAddress, UnfitRow
from subscribers.models import State, SuppressionReason, Tracking

LEAVING_FIRST = 1 << 40
"""Added to the rank of all but those who left: of two rows for one address theirs counts."""

NO_SUBSCRIPTION = "none"


class Row(NamedTuple):
    """One reader as a file tells of them; the columns of the staging table, in its order."""

    rank: int
    """Among rows of one address the lowest counts."""
    email_key: str
    email: str
    name: str
    lane: str
    attributes: str
    """A JSON object."""
    created_at: float
    tracking: str = Tracking.COUNTED
    state: str = State.ACTIVE
    """Empty: no subscription."""
    suppress: str = ""
    """A SuppressionReason, or empty."""
    tags: str = "[]"
    """A JSON array of strings."""
    muted: str = ""
    language: str = ""
    time_zone: str = ""
    confirmed_at: float | None = None
    paused_until: float | None = None
    ended_at: float | None = None
    end_reason: str = ""


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
    **dict.fromkeys(("yes", "true", "1"), Tracking.LINKED),
    **dict.fromkeys(("no", "false", "0"), Tracking.OFF),
    "": Tracking.COUNTED,
}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a row says where the file doesn't."""

    standing: Standing
    binding: bool
    """The file's own states don't count: the editor said what everyone in it is."""
    now: float


def reader_of(
    header: Sequence[str], columns: Sequence[Field], defaults: Defaults
) -> Callable[[int, list[str]], Row]:
    """Make the function that reads one record (line, fields); it raises UnfitRow.

    Fields that a file doesn't have cost nothing: this runs a million times.
    """
    at = {field: columns.index(field) for field in columns if field != Field.ATTRIBUTE}
    email_at, name_at = at[Field.EMAIL], at.get(Field.NAME)
    created_at, tracking_at = at.get(Field.CREATED), at.get(Field.TRACKING)
    own = [(header[i], i) for i, field in enumerate(columns) if field == Field.ATTRIBUTE]
    rare = at.keys() & _RARE
    ordinary = _rare_fields({}, defaults)

    def read(line: int, fields: list[str]) -> Row:
        email = fields[email_at].strip()
        address = plain(email) or _look_longer(email)
        name = fields[name_at] if name_at is not None else ""
        if not name.isprintable():
            name = clean_name(name)
        attributes: dict[str, Any] = {title: fields[i] for title, i in own if fields[i]}
        created: float | None = None
        if created_at is not None and fields[created_at]:
            created = _seconds(fields[created_at])
            if created is None:
                attributes[header[created_at]] = fields[created_at]
        tracking = _tracking(fields[tracking_at]) if tracking_at is not None else Tracking.COUNTED
        said = ordinary
        if rare:
            said = _rare_fields({field: fields[at[field]].strip() for field in rare}, defaults)
            attributes = said.attributes | attributes
        joined = defaults.now if created is None else created
        leaves = said.state == State.UNSUBSCRIBED or said.suppress
        return Row(
            line if leaves else line + LEAVING_FIRST,
            address.key,
            email,
            name.strip(),
            address.lane,
            _as_json(attributes) if attributes else "{}",
            joined,
            tracking,
            said.state,
            said.suppress,
            said.tags,
            said.muted,
            said.language,
            said.time_zone,
            said.confirmed_at or (joined if said.state in _CONFIRMED else None),
            said.paused_until,
            said.ended_at,
            said.end_reason,
        )

    return read


_CONFIRMED = {State.ACTIVE, State.PAUSED}
_RARE = {
    Field.STATE, Field.SUPPRESSED, Field.TAGS, Field.ATTRIBUTES, Field.MUTED, Field.LANGUAGE,
    Field.TIME_ZONE, Field.CONFIRMED, Field.PAUSED_UNTIL, Field.ENDED, Field.END_REASON,
}  # fmt: skip


class _Rare(NamedTuple):
    attributes: dict[str, Any]
    state: str
    suppress: str
    tags: str
    muted: str
    language: str
    time_zone: str
    confirmed_at: float | None
    paused_until: float | None
    ended_at: float | None
    end_reason: str


def _rare_fields(said: Mapping[Field, str], defaults: Defaults) -> _Rare:
    standing = _standing(said, defaults)
    left = standing.state == State.UNSUBSCRIBED
    ended = _seconds(said.get(Field.ENDED, "")) if left else None
    return _Rare(
        attributes=_attributes(said.get(Field.ATTRIBUTES, "")),
        state=standing.state,
        suppress=standing.suppress,
        tags=_tags(said.get(Field.TAGS, "")),
        muted=" ".join(sorted(set(said.get(Field.MUTED, "").replace(",", " ").split()))),
        language=clean_name(said.get(Field.LANGUAGE, "")),
        time_zone=clean_name(said.get(Field.TIME_ZONE, "")),
        confirmed_at=_seconds(said.get(Field.CONFIRMED, "")),
        paused_until=_seconds(said.get(Field.PAUSED_UNTIL, "")),
        ended_at=(ended or defaults.now) if left else None,
        end_reason=(clean_name(said.get(Field.END_REASON, "")) or "imported") if left else "",
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
    return orjson.dumps(value).decode().replace("\\u0000", "")


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
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
