from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from emails.sections.base import Section
from emails.sections.parts import Day, Headline, Line, Markdown, Part, Url


class Event(Part):
    """Something that takes place on `date`, or from then `until`; `time` is as written."""

    title: Headline
    date: Day
    until: Day | None = None
    time: Line | None = None
    place: Line | None = None
    online: bool = False
    url: Url | None = None
    summary: Markdown | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.until and self.until < self.date:
            raise PydanticCustomError("ends_early", "must not be before `date`", {"at": ["until"]})
        return self


class Events(Section):
    """What takes place, in the order of the file."""

    kind: Literal["events"] = "events"
    items: tuple[Event, ...] = ()

    def is_empty(self) -> bool:
        return not self.items
