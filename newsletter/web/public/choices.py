"""What a form offers and what came back: topics, tracking, languages, time zones, an address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import available_timezones

from emails.languages import LANGUAGES
from newsletter.publications import Publication
from subscribers.errors import SubscribersError
from subscribers.models import Tracking

LABELS: Mapping[str, str] = {
    Tracking.LINKED: "Linked to me",
    Tracking.COUNTED: "Counted only",
    Tracking.OFF: "Off",
}
EXPLAINED: Mapping[str, str] = {
    Tracking.LINKED: "You may see which emails I open and which links I follow.",
    Tracking.COUNTED: "Opens and clicks are counted for the edition, without my name.",
    Tracking.OFF: "No pixel, plain links.",
}
BY_POLICY: Mapping[str, tuple[Tracking, ...]] = {
    "consent": (Tracking.LINKED, Tracking.COUNTED, Tracking.OFF),
    "linked": (Tracking.LINKED, Tracking.OFF),
    "counted": (Tracking.COUNTED, Tracking.OFF),
    "off": (),
}
"""The publication's policy -> what a reader can choose; *off* stands under every policy."""


NAMES: Mapping[str, str] = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pt": "Português",
}
"""Languages as those who speak them call them."""
ZONES = tuple(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))
"""Time zones by place, to choose from."""


@dataclass(frozen=True)
class LanguageChoice:
    """A language that mails can have; an empty one: the publication's."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class TopicBox:
    """A topic's box; `wanted` is ticked."""

    key: str
    label: str
    wanted: bool


@dataclass(frozen=True)
class TrackingChoice:
    """One way of being tracked; `locked` needs a freshly mailed link."""

    value: str
    label: str
    explained: str
    chosen: bool
    locked: bool


def why_no_address(typed: str, error: SubscribersError) -> str:
    """What stands beside the field whose address will not do; of an empty one, what to do."""
    return str(error) if typed.strip() else "Please write your email address."


def topic_boxes(publication: Publication, muted: Collection[str]) -> tuple[TopicBox, ...]:
    """Every declared topic, in the publication's order."""
    return tuple(
        TopicBox(topic["key"], topic["label"], topic["key"] not in muted)
        for topic in publication.topics
    )


def muted_by(publication: Publication, wanted: Sequence[str]) -> tuple[str, ...]:
    """The declared topics that are not among those ticked."""
    return tuple(key for key in publication.topic_keys if key not in wanted)


def tracking_choices(
    publication: Publication, current: str, *, may_grant: bool
) -> tuple[TrackingChoice, ...]:
    """What the policy offers; granting more than there is needs `may_grant`."""
    offered = BY_POLICY[publication.tracking]
    shown = current if current in offered or not offered else offered[0]
    return tuple(
        TrackingChoice(
            value,
            LABELS[value],
            EXPLAINED[value],
            chosen=value == shown,
            locked=value == Tracking.LINKED and shown != value and not may_grant,
        )
        for value in offered
    )


def with_ticked(choices: Sequence[TrackingChoice], wanted: str) -> tuple[TrackingChoice, ...]:
    """The choices as somebody ticked them; what isn't theirs to tick leaves them as they are."""
    if not any(one.value == wanted and not one.locked for one in choices):
        return tuple(choices)
    return tuple(replace(one, chosen=one.value == wanted) for one in choices)


def language_choices(publication: Publication, current: str) -> tuple[LanguageChoice, ...]:
    """The publication's own language, those that we have words in, and one that stands already."""
    tags = dict.fromkeys(["", *sorted(LANGUAGES), current])
    own = f"As the publication ({NAMES.get(publication.language, publication.language)})"
    return tuple(
        LanguageChoice(tag, NAMES.get(tag, tag) if tag else own, chosen=tag == current)
        for tag in tags
    )
