"""The words of one small mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One notice's words."""

    subject: str
    heading: str
    lines: tuple[str, ...]
    button: str
    small: tuple[str, ...] = ()
    link: str = ""
    """What a second link is called."""
    footnote: str = ""
