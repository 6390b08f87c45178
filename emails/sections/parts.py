"""What all parts of an issue are made of: the frozen base and the scalar types."""

import datetime as dt
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

PRIVATE_PREFIX = "x_"
BEGINS_PLACEHOLDER = re.compile(r"(?<!\\)\{\{\s{0,9}reader\b")
"""Where a text asks for something of the reader (`emails.placeholders`)."""
LINKS_ARE_FOR_ALL = "links are the same for every reader"
URL_SCHEMES = ("http", "https", "mailto")
MAX_URL_LENGTH = 4096


def _private_key(key: str) -> str:
    if not key.startswith(PRIVATE_PREFIX):
        raise PydanticCustomError("unknown_key", "is not a known field")
    return key


def schema_of_private_keys(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = False
    schema["patternProperties"] = {f"^{PRIVATE_PREFIX}": {}}


class Part(BaseModel):
    """A frozen piece of an issue. Unknown keys are errors, `x_…` keys are kept and ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        str_strip_whitespace=True,
        coerce_numbers_to_str=True,
        validate_default=True,
        json_schema_extra=schema_of_private_keys,
    )
    __pydantic_extra__: dict[Annotated[str, AfterValidator(_private_key)], Any]


def _one_line(text: str) -> str:
    return re.sub(r"[^\S\xa0]*\n\s*", " ", text)


class MisplacedPlaceholder(ValueError):
    """A URL that asks for something of the reader."""

    def __init__(self) -> None:
        super().__init__(f"holds what can't be filled in a link's address: {LINKS_ARE_FOR_ALL}")


def checked_url(text: str) -> str:
    """The URL as it was written; ValueError for one that a mail must not carry."""
    if BEGINS_PLACEHOLDER.search(text):
        raise MisplacedPlaceholder
    if re.search(r"[\s<>\"`\\^{|}]", text):
        raise ValueError("holds a space or a sign that no URL has; write it percent-encoded (%20)")
    if len(text) > MAX_URL_LENGTH:
        raise ValueError(f"is longer than {MAX_URL_LENGTH} characters")
    parts = urlsplit(text)
    if parts.scheme not in URL_SCHEMES:
        raise ValueError("must begin with https://, http:// or mailto:")
    if parts.scheme == "mailto":
        if not re.fullmatch(r"[^@]+@[^@.]+(\.[^@.]+)+", parts.path):
            raise ValueError("must be mailto: and an address")
    elif not parts.hostname or parts.port == 0:  # .port raises where it isn't a number
        raise ValueError("has no host")
    return text


def _bad_url(text: str) -> str:
    try:
        return checked_url(text)
    except MisplacedPlaceholder as error:
        raise PydanticCustomError("misplaced-placeholder", "{why}", {"why": str(error)}) from None
    except ValueError as error:
        raise PydanticCustomError("bad_url", "{why}", {"why": str(error)}) from None


def _picture(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise PydanticCustomError("bad_picture", "must be a picture's https:// address")
    return text


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: object) -> object:
    """ISO text only: Pydantic would also take Unix time, and 20261122 for one."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value.strip()):
        try:
            return dt.date.fromisoformat(value.strip())
        except ValueError as error:
            raise PydanticCustomError("bad_date", "{why}", {"why": str(error)}) from None
    raise PydanticCustomError("bad_date", "must be a date such as 2026-11-22")


def _day_of_moment(value: object) -> object:
    """Feeds give moments ("2026-11-22T08:30:00Z"); an edition shows their day."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ][\d:.]+\S*", value.strip()):
        return _day(value.strip()[:10])
    return _day(value)


def as_list(value: object) -> object:
    """One name may stand without its brackets."""
    return [value] if isinstance(value, str) else value


_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_KEY = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
SHAPES = {
    _SLUG: "small letters and digits, with single dashes between",
    _KEY: "letters and digits (and _ . - between them), without spaces",
    _LANGUAGE: "a language tag such as en or pt-BR",
}
"""What each pattern asks for, in words."""

_DATE_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})

MAX_LINE = 1000
"""Characters; a headline has a hundred."""

Line = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(_one_line)]
"""Text on one line; line breaks become spaces."""
Headline = Annotated[Line, Field(min_length=1)]
"""A line that must say something."""
Markdown = str
"""Markdown in one or more lines (`emails.richtext`)."""
Url = Annotated[str, AfterValidator(_bad_url)]
"""http, https or mailto, as written."""
Picture = Annotated[Url, AfterValidator(_picture)]
"""The address of a picture on the web."""
PictureWidth = Annotated[int, Field(ge=16, le=576)]
"""Pixels in the mail, whose column has 576; phones scale down."""
Day = Annotated[dt.date, BeforeValidator(_day), _DATE_SCHEMA]
PublishedDay = Annotated[dt.date, BeforeValidator(_day_of_moment), _DATE_SCHEMA]
Slug = Annotated[str, Field(pattern=_SLUG, max_length=80)]
Key = Annotated[str, Field(pattern=_KEY, max_length=80)]
"""A name for machines: topics, anchors, tables, columns."""
Language = Annotated[str, Field(pattern=_LANGUAGE)]
"""A language tag (BCP 47): en, no, pt-BR."""
Names = Annotated[
    tuple[Headline, ...],
    BeforeValidator(as_list, json_schema_input_type=tuple[Headline, ...] | str),
]
"""One name or a list of them."""
