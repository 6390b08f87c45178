"""The base of every section, and the union of the kinds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, Union

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, PositiveInt, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from emails.sections.parts import Headline, Key, Line, Markdown, Part, Url, as_list

Place = Literal["email", "web"]
Places = Annotated[
    tuple[Place, ...],
    Field(min_length=1),
    BeforeValidator(as_list, json_schema_input_type=tuple[Place, ...] | Place),
]


class More(Part):
    """The "All …" link beside a heading."""

    label: Headline
    url: Url


class Section(Part):
    """What every section has. A subclass with a default for `kind` is a kind of its own."""

    kind: str
    id: Key | None = None
    heading: Line | None = None
    intro: Markdown | None = None
    topic: Key | None = None
    show_in: Places = ("email", "web")
    email_limit: PositiveInt | None = None
    if_empty: Literal["omit", "error"] = "omit"
    more: More | None = None

    def is_empty(self) -> bool:
        """Whether there is nothing to show but the frame (an empty feed)."""
        return False

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        _KINDS[cls.model_fields["kind"].default] = cls

    @model_validator(mode="after")
    def _refuse_emptiness(self) -> Self:
        if self.if_empty == "error" and self.is_empty():
            raise PydanticCustomError(
                "empty_section", "is empty, and says `if_empty: error`: fill it or take it out"
            )
        return self


_KINDS: dict[str, type[Section]] = {}
KINDS: Mapping[str, type[Section]] = MappingProxyType(_KINDS)
"""Every kind of section by its name. A kind that is added after `Issue` was made needs
`Issue.model_rebuild(force=True)`."""


class OfItsKind:
    """Marks a field as the union of `KINDS`, told apart by `kind`, as known when it is built."""

    def __get_pydantic_core_schema__(
        self, source: type[Section], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        kinds = tuple(kind for _, kind in sorted(KINDS.items()))
        return handler.generate_schema(
            Annotated[Union[kinds], Field(discriminator="kind")],  # noqa: UP007 - made at run time
        )
