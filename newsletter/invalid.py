"""What Pydantic finds wrong with a value, in words for whoever wrote it."""

from collections.abc import Mapping
from typing import Any

SLUG = r"^[a-z0-9][a-z0-9-]*$"
SHAPES: Mapping[str, str] = {
    SLUG: "small letters, digits and dashes, and begin with no dash, such as morning-post",
}
"""What each pattern asks for."""
NOT_JSON = frozenset({"model_attributes_type", "dict_type", "model_type"})
"""Kinds of error of a body, or a part of one, that holds no fields."""

_PREFIX = "Value error, "
"""Before the words of a validator of ours."""


def in_words(details: Mapping[str, Any]) -> str:
    """What is wrong, of one of the errors of a ValidationError."""
    shape = SHAPES.get(details.get("ctx", {}).get("pattern", ""))
    if shape is not None:
        return f"must be {shape}"
    if details["type"] in NOT_JSON and details["loc"] == ("body",):
        return "send JSON with Content-Type: application/json"
    return without_prefix(details["msg"])


def without_prefix(message: str) -> str:
    """A validator's own words, without Pydantic's before them."""
    return message.removeprefix(_PREFIX)
