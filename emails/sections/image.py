from typing import Literal

from emails.sections.base import Section
from emails.sections.parts import Headline, Line, Markdown, Picture, PictureWidth, Url


class Image(Section):
    """A picture. `alt` says what it shows to those who don't see it; `url` is where it leads."""

    kind: Literal["image"] = "image"
    src: Picture
    alt: Headline
    width: PictureWidth = 576
    caption: Markdown | None = None
    credit: Line | None = None
    credit_url: Url | None = None
    url: Url | None = None
