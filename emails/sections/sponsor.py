from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from emails.sections.base import Section
from emails.sections.parts import Headline, Line, Markdown, Picture, PictureWidth, Url


class Sponsor(Section):
    """Something paid for, and labelled as such above everything else in it.

    `name` is who paid. `label` is on the button that leads to `url`.
    """

    kind: Literal["sponsor"] = "sponsor"
    name: Headline
    body: Markdown = ""
    url: Url | None = None
    label: Line | None = None
    image: Picture | None = None
    alt: Line | None = None
    width: PictureWidth = 534

    @model_validator(mode="after")
    def _check_alt(self) -> Self:
        if self.image and not self.alt:
            raise PydanticCustomError(
                "missing_alt", "is missing: say what the image shows", {"at": ["alt"]}
            )
        return self

    def is_empty(self) -> bool:
        return not (self.body or self.heading or self.image)
