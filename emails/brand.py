"""A publication's look and legal lines: everything about a mail that no edition says itself."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_HEX = re.compile(r"#[0-9a-f]{6}")


def _hex(value: str) -> str:
    colour = value.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{3}", colour):
        colour = "#" + "".join(digit * 2 for digit in colour[1:])
    if not _HEX.fullmatch(colour):
        raise ValueError(f"{value!r} is no colour: write it as #rrggbb")
    return colour


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s\"'<>\\]+", value):
        raise ValueError(f"{value!r} is no web address: it begins with https://")
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError("must stand on one line, without control characters")
    return value.strip()


Colour = Annotated[str, AfterValidator(_hex)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
OneLine = Annotated[str, AfterValidator(_one_line)]
Typeface = Literal["georgia", "times", "arial", "verdana", "trebuchet"]

FONT_STACKS: dict[Typeface, str] = {
    # Single quotes: the stacks stand in style attributes.
    "georgia": "Georgia, 'Times New Roman', serif",
    "times": "'Times New Roman', Times, serif",
    "arial": "'Helvetica Neue', Helvetica, Arial, sans-serif",
    "verdana": "Verdana, Geneva, sans-serif",
    "trebuchet": "'Trebuchet MS', Tahoma, sans-serif",
}
"""Typefaces that are on readers' machines; mails can't count on loading others."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Palette(Frozen):
    """The colours of one mode.

    `ink` and `soft` are text, `accent` links and marks; they stand on `canvas` (around the sheet),
    `paper` (the sheet) and `card`.
    """

    canvas: Colour = "#e9e4da"
    paper: Colour = "#fffdf9"
    card: Colour = "#f6f1e7"
    ink: Colour = "#1c1a17"
    soft: Colour = "#5e574c"
    accent: Colour = "#93201c"
    rule: Colour = "#d8cfbf"


class DarkPalette(Palette):
    """The same in dark mode."""

    canvas: Colour = "#0f0e0d"
    paper: Colour = "#1a1917"
    card: Colour = "#25231f"
    ink: Colour = "#ece7de"
    soft: Colour = "#b3aa9c"
    accent: Colour = "#f2998f"
    rule: Colour = "#413c35"


class Colours(Frozen):
    light: Palette = Palette()
    dark: DarkPalette = DarkPalette()


class Topic(Frozen):
    """Something that readers can mute. Sections name it by `key`; readers see `label`."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    label: OneLine


class SocialLink(Frozen):
    """Where else the publication is found; in the foot of every mail, never counted."""

    label: Annotated[OneLine, Field(min_length=1)]
    url: WebAddress


class Utm(Frozen):
    """What is added to the addresses of an edition's links, for the statistics of other sites.

    In a value, "{date}" and "{name}" stand for the edition's date and for DATE or DATE/SLUG.
    `hosts` are those whose links get it (with all below them); without any, every link does.
    """

    source: OneLine | None = None
    medium: OneLine | None = None
    campaign: OneLine | None = None
    term: OneLine | None = None
    content: OneLine | None = None
    hosts: tuple[OneLine, ...] = ()


class Look(Frozen):
    """What a publication may change about its mails without touching a template.

    `abstract_length` is how many characters of a paper's abstract a mail shows at most; the web
    edition has it whole. `footer` is Markdown, a line of the foot for each of its lines.
    """

    tagline: OneLine = ""
    logo_width: Annotated[int, Field(ge=16, le=560)] = 180
    heading_font: Typeface = "georgia"
    body_font: Typeface = "georgia"
    label_font: Typeface = "arial"
    social: tuple[SocialLink, ...] = ()
    footer: str = ""
    abstract_length: Annotated[int, Field(ge=80)] = 420
    utm: Utm = Utm()


class Brand(Look):
    """A publication as its mails show it.

    `sender` and `reply_to` are an address or `Name <address>`. `postal_address` may have several
    lines; without it `preflight` warns, since the law asks for one.
    """

    name: OneLine
    sender: OneLine
    reply_to: OneLine | None = None
    postal_address: str = ""
    site_url: WebAddress | None = None
    logo: WebAddress | None = None
    colours: Colours = Colours()
    topics: tuple[Topic, ...] = ()
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] = "en"

    @classmethod
    def default(cls) -> Self:
        """The brand of a file that is composed without a publication."""
        return cls(
            name="The Example Report",
            sender="The Example Report <report@newsletter.example>",
            postal_address="The Example Report, 1 Sample Street, 12345 Exampletown",
            site_url="https://newsletter.example",
        )

    @property
    def fonts(self) -> dict[str, str]:
        """CSS font stacks by part: heading, body, label."""
        return {
            "heading": FONT_STACKS[self.heading_font],
            "body": FONT_STACKS[self.body_font],
            "label": FONT_STACKS[self.label_font],
        }


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (`#rrggbb`), 1 to 21 (WCAG 2.2, 1.4.3: text needs 4.5)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """A channel of sRGB (0 to 1) as light, by WCAG's definition of relative luminance."""
    if channel <= 0.04045:  # noqa: PLR2004 - the standard's constants stand together
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
