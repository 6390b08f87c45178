"""What composing gives: strings, ready to be stored in one row and filled for each reader."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

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


@dataclass(frozen=True)
class Composition:
    """An issue as an email. `subject`, `html` and `text` hold slot words; see `slots`.

    `slots` maps slot names ("token") to their words. `links` are in order of appearance.
    """

    subject: str
    preheader: str
    mjml: str
    html: str
    text: str
    slots: Mapping[str, str] = field(default_factory=dict)
    links: tuple[TrackedLink, ...] = ()
    warnings: tuple[Finding, ...] = ()

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
        return cls(**data)
