"""Places within an issue: the steps to a value, and how findings write them."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

Place = list[str | int]
"""The steps to a value: ["sections", 2, "items", 0, "url"]."""


def texts(value: Any, place: Sequence[str | int] = ()) -> Iterator[tuple[Place, str]]:
    """Every text of an issue or of a part of it, with its place, in order."""
    if isinstance(value, str):
        yield [*place], value
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from texts(item, [*place, at])
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from texts(getattr(value, name), [*place, name])


def field_path(place: Sequence[str | int]) -> str:
    """A place as findings have it: sections[2].items[0].url."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")
