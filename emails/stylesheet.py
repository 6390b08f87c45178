"""A brand's CSS: what premailer writes into the elements, and what has to stand in the head."""

from dataclasses import dataclass
from functools import lru_cache

from emails.brand import Brand
from emails.mjml import render_template


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """`inlined` goes into style attributes, `head` (dark mode, phones) into the document's head."""

    inlined: str
    head: str


@lru_cache(maxsize=64)
def stylesheet(brand: Brand, direction: str = "ltr") -> Stylesheet:
    """The CSS of `brand`, rendered once for as long as it stays as it is.

    Sides are spelt out by `direction`, since Outlook knows neither `start` nor `end`.
    """
    start, end = ("right", "left") if direction == "rtl" else ("left", "right")
    colours = {
        "light": brand.colours.light,
        "dark": brand.colours.dark,
        "fonts": brand.fonts,
        "start": start,
        "end": end,
    }
    return Stylesheet(
        inlined=render_template("edition.css.j2", colours),
        head=render_template("head.css.j2", colours),
    )
