"""A file's records -> rows to sort: what they say about each reader, checked and normalised.

Records are read some hundreds at a time and column by column: a call for each field of a million
readers would cost more than all that it does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from subscribers import fields
from subscribers.columns import Field
from subscribers.fields import Standing, Unfit
from subscribers.sorting import Row
from subscribers.words import State, Tracking

COLUMNS: Mapping[str, str] = {
    "email_key": "",
    "number": "",
    "email": "",
    "lane": "",
    "name": "",
    "attributes": "{}",
    "created_at": "",
    "tracking": Tracking.COUNTED.value,
    "state": "",
    "suppress": "",
    "ended_at": "",
    "end_reason": "",
    "tags": "[]",
    "muted": "",
    "language": "",
    "time_zone": "",
    "confirmed_at": "",
    "paused_until": "",
}
"""All that is staged of a reader, and what it is where neither file nor editor says it.

Everything is text. `number` is the row's; `email` empty: it is the key itself;
`attributes` a JSON object, `tags` a JSON array of strings; times in seconds, or empty.
"""

_ONE_BY_ONE: Mapping[Field, tuple[str, Any]] = {
    Field.TRACKING: ("tracking", fields.tracking),
    Field.TAGS: ("tags", fields.tags),
    Field.MUTED: ("muted", fields.muted),
    Field.LANGUAGE: ("language", fields.language),
    Field.TIME_ZONE: ("time_zone", fields.time_zone),
    Field.CONFIRMED: ("confirmed_at", fields.seconds),
    Field.PAUSED_UNTIL: ("paused_until", fields.seconds),
}
_OF_STANDING = (Field.STATE, Field.SUPPRESSED, Field.ENDED, Field.END_REASON)
_OF_ATTRIBUTES = (Field.ATTRIBUTES, Field.ATTRIBUTE, Field.CREATED)

Columns = Sequence[Sequence[str]]
Made = dict[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a row says where the file doesn't."""

    standing: Standing
    binding: bool
    """The file's own states don't count: the editor said what everyone in it is."""
    now: float


class RowReader:
    """Reads the records of one file. What the file doesn't have costs nothing.

    `columns` are those of its rows; `constants` what the other COLUMNS are for every row.
    `said` collects the (state, suppress, tracking) that occur.
    """

    def __init__(self, header: Sequence[str], columns: Sequence[Field], defaults: Defaults) -> None:
        self._header, self._defaults = header, defaults
        self._suffixes = list[str]()
        self._at = {held: columns.index(held) for held in columns if held != Field.ATTRIBUTE}
        self._own = [(header[i], i) for i, held in enumerate(columns) if held == Field.ATTRIBUTE]
        self._stands = any(held in columns for held in _OF_STANDING)
        self._describes = any(held in columns for held in _OF_ATTRIBUTES)
        self.columns = tuple(self._named(columns))
        fixed = {**COLUMNS, "created_at": repr(defaults.now), **_standing_columns(defaults)}
        self.constants = {name: fixed[name] for name in COLUMNS if name not in self.columns}
        self.said: set[tuple[str, str, str]] = set()

    def _named(self, columns: Sequence[Field]) -> Sequence[str]:
        named = ["email_key", "number", "email", "lane"]
        named += ["name"] if Field.NAME in columns else []
        named += ["created_at"] if Field.CREATED in columns else []
        named += ["attributes"] if self._describes else []
        named += ["state", "suppress", "ended_at", "end_reason"] if self._stands else []
        return named + [name for held, (name, _) in _ONE_BY_ONE.items() if held in columns]

    def read(self, batch: int, records: Sequence[Sequence[str]]) -> tuple[list[Row], Unfit]:
        """Read some records, the file's batch of that number; the unfit are not among the rows."""
        columns: Columns = list(zip(*records, strict=True))
        unfit: Unfit = {}
        made = self._addresses(columns, unfit) | self._about(columns, unfit)
        if self._stands:
            made |= self._standings(columns, unfit)
        for held, (name, read) in _ONE_BY_ONE.items():
            if held in self._at:
                made[name] = fields.each(read, columns[self._at[held]], unfit, instead="")
        made["number"] = self._numbers(batch, len(records))
        rows = list(map("\t".join, zip(*(made[name] for name in self.columns), strict=True)))
        if unfit:
            rows = [row for number, row in enumerate(rows) if number not in unfit]
        self._note(made, len(records))
        return rows, unfit

    def _numbers(self, batch: int, size: int) -> list[str]:
        """Number the rows of a batch, so that their order is that of the file."""
        if size > len(self._suffixes):
            self._suffixes = [f"{number:04x}" for number in range(size)]
        return list(map(f"{batch:08x}".__add__, self._suffixes[:size]))

    def leaves(self, row: Row) -> bool:
        """Whether a row says that its reader left, or gets no mail."""
        if not self._stands:
            return False
        at = self.columns.index("state")
        return Standing(*row.split("\t")[at : at + 2]).leaves

    def _note(self, made: Made, size: int) -> None:
        said = (made.get(name) or [self.constants[name]] * size for name in
                ("state", "suppress", "tracking"))  # fmt: skip
        self.said.update(zip(*said, strict=True))

    def _addresses(self, columns: Columns, unfit: Unfit) -> Made:
        keys, emails, lanes = fields.addresses(columns[self._at[Field.EMAIL]], unfit)
        entered = ["" if email == key else email for email, key in zip(emails, keys, strict=True)]
        return {"email_key": keys, "email": entered, "lane": lanes}

    def _about(self, columns: Columns, unfit: Unfit) -> Made:
        """Name, when they joined, attributes: a date that is none is kept among these."""
        made: Made = {}
        if Field.NAME in self._at:
            made["name"] = fields.names(columns[self._at[Field.NAME]])
        if not self._describes:
            return made
        found = self._attributes(columns, unfit)
        if Field.CREATED in self._at:
            made["created_at"] = self._joined(columns[self._at[Field.CREATED]], found)
        made["attributes"] = fields.as_objects(found, unfit)
        return made

    def _attributes(self, columns: Columns, unfit: Unfit) -> list[dict[str, Any]]:
        """Each row's own columns and its column of attributes; what has a column goes first."""
        at = self._at.get(Field.ATTRIBUTES)
        if at is None:
            found: list[dict[str, Any]] = [{} for _ in columns[0]]
        else:
            found = fields.attributes(columns[at], unfit)
        for title, i in self._own:
            for about, value in zip(found, columns[i], strict=True):
                if value:
                    about[title] = value
        return found

    def _joined(self, column: Sequence[str], found: list[dict[str, Any]]) -> list[str]:
        read = list(map(fields.seconds, column))
        if "" not in read:
            return read
        title = self._header[self._at[Field.CREATED]]
        for about, text, moment in zip(found, column, read, strict=True):
            if not moment and text.strip():
                about[title] = text
        now = repr(self._defaults.now)
        return [moment or now for moment in read]

    def _standings(self, columns: Columns, unfit: Unfit) -> Made:
        nothing: Sequence[str] = [""] * len(columns[0])
        state, suppressed, ended, reason = (
            columns[self._at[held]] if held in self._at else nothing for held in _OF_STANDING
        )
        binding, stand = self._defaults.binding, self._defaults.standing
        said = (nothing, suppressed, nothing) if binding else (state, suppressed, ended)
        found = fields.each(
            lambda words: fields.standing(*words, otherwise=stand),
            zip(*said, strict=True),
            unfit,
            instead=stand,
        )
        now = repr(self._defaults.now)
        gone = [one.state == State.UNSUBSCRIBED for one in found]
        return {
            "state": [one.state for one in found],
            "suppress": [one.suppress for one in found],
            "ended_at": [
                (fields.seconds(text) or now) if left else ""
                for left, text in zip(gone, ended, strict=True)
            ],
            "end_reason": [
                (fields.clean(text) or _IMPORTED) if left else ""
                for left, text in zip(gone, reason, strict=True)
            ],
        }


_IMPORTED = "imported"


def _standing_columns(defaults: Defaults) -> Mapping[str, str]:
    standing = defaults.standing
    left = standing.state == State.UNSUBSCRIBED
    return {
        "state": standing.state,
        "suppress": standing.suppress,
        "ended_at": repr(defaults.now) if left else "",
        "end_reason": _IMPORTED if left else "",
    }
