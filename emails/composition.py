"""What composing gives: strings, ready to be stored in one row and filled for each reader."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from html import escape
from typing import Any, Literal, Self

from emails.reader import NOBODY, Reader
from emails.slots import fill

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class TrackedLink:
    """A link of the issue.

    `number` is its name in the click address; the same URL has the same number throughout;
    `label` is what it is first shown as.
    """

    number: int
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that an editor should look at.

    `code` is stable, for machines; `field` is a path into the issue such as `sections[2].topic`,
    or the name of a part of the composition.
    """

    code: str
    severity: Severity
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class PersonalSlot:
    """A slot for something of the reader's own.

    `name` is its name in `Composition.slots`; `asked` is "name" or "attributes.city", `fallback`
    for readers who have none. One in markup (HTML, MJML) is filled escaped, one in text is not:
    each has a word of its own.
    """

    name: str
    asked: str
    fallback: str
    in_markup: bool

    def value(self, reader: Reader) -> str:
        """What stands there for `reader`, ready to be put in."""
        value = reader.value(self.asked) or self.fallback
        return escape(value) if self.in_markup else value


@dataclass(frozen=True)
class Composition:
    """An issue as an email. `subject`, `html` and `text` hold slot words; see `slots`.

    `slots` maps slot names ("token") to their words; `personal` says which of them hold a reader's
    own values, none in most editions. `links` are in order of appearance.
    """

    subject: str
    preheader: str
    mjml: str
    html: str
    text: str
    slots: Mapping[str, str] = field(default_factory=dict)
    links: tuple[TrackedLink, ...] = ()
    warnings: tuple[Finding, ...] = ()
    personal: tuple[PersonalSlot, ...] = ()

    def values(self, token: str, reader: Reader = NOBODY) -> dict[str, str]:
        """Slot name -> what stands there for `reader`, whose delivery token is `token`."""
        return {"token": token, **{slot.name: slot.value(reader) for slot in self.personal}}

    def without_reader(self) -> Self:
        """This composition with its fallbacks in place: what only the token is missing in."""
        if not self.personal:
            return self
        words = {slot.name: self.slots[slot.name] for slot in self.personal}
        filled = partial(fill, words=words, values=self.values(""))
        return replace(
            self,
            subject=filled(self.subject),
            preheader=filled(self.preheader),
            mjml=filled(self.mjml),
            html=filled(self.html),
            text=filled(self.text),
            slots={name: word for name, word in self.slots.items() if name not in words},
            personal=(),
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what readers get (html, text and subject), in hexadecimal."""
        sealed = f"{self.html}\0{self.text}\0{self.subject}"
        return hashlib.sha256(sealed.encode("utf-8")).hexdigest()

    def to_json(self) -> str:
        """One JSON object; `from_json` reads it back as an equal composition."""
        return json.dumps({**asdict(self), "slots": dict(self.slots)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, stored: str) -> Self:
        """Read what `to_json` wrote."""
        data: dict[str, Any] = json.loads(stored)
        data["links"] = tuple(TrackedLink(**link) for link in data["links"])
        data["warnings"] = tuple(Finding(**finding) for finding in data["warnings"])
        data["personal"] = tuple(PersonalSlot(**slot) for slot in data["personal"])
        return cls(**data)
