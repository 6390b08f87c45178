"""Which column of a file holds what: guessed from its header, and corrected by the editor."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from subscribers.errors import NoEmailColumn


class Field(StrEnum):
    """What a column can hold."""

    EMAIL = "email"
    NAME = "name"
    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    STATE = "state"
    SUPPRESSED = "suppressed"
    TRACKING = "tracking_consent"
    MUTED = "muted"
    TAGS = "tags"
    ATTRIBUTES = "attributes"
    CREATED = "created_at"
    CONFIRMED = "confirmed_at"
    PAUSED_UNTIL = "paused_until"
    ENDED = "ended_at"
    END_REASON = "end_reason"
    ATTRIBUTE = "attribute"
    """An attribute of its own, under the header's name: whatever isn't known otherwise."""
    IGNORED = "ignored"


# As people, listmonk, Ghost, Mailchimp and Substack head their columns.
_SYNONYMS: Mapping[Field, tuple[str, ...]] = {
    Field.EMAIL: ("email", "e-mail", "email address", "e-mail address", "mail", "address",
                  "subscriber email", "adresse e-mail", "e-mail-adresse"),
    Field.NAME: ("name", "full name", "fullname", "display name", "subscriber name"),
    Field.LANGUAGE: ("language", "lang", "locale"),
    Field.TIME_ZONE: ("time zone", "timezone", "tz"),
    Field.STATE: ("state", "status", "subscription status", "subscribed to emails", "subscribed"),
    Field.SUPPRESSED: ("suppressed",),
    Field.TRACKING: ("tracking consent",),
    Field.MUTED: ("muted", "muted topics"),
    Field.TAGS: ("tags", "labels"),
    Field.ATTRIBUTES: ("attributes", "attribs"),
    Field.CREATED: ("created at", "created", "joined", "joined at", "subscribed at", "signup date",
                    "sign-up date", "date joined", "optin time", "date added"),
    Field.CONFIRMED: ("confirmed at", "confirm time"),
    Field.PAUSED_UNTIL: ("paused until",),
    Field.ENDED: ("ended at", "unsubscribed at", "deleted at", "unsub time"),
    Field.END_REASON: ("end reason", "unsubscribe reason"),
    Field.IGNORED: ("id", "uuid", "updated at", "line", "reason", "lane", "mailable"),
}  # fmt: skip
_KNOWN = {synonym: field for field, synonyms in _SYNONYMS.items() for synonym in synonyms}


def guess(header: Sequence[str], corrected: Mapping[str, str]) -> tuple[Field, ...]:
    """Say what each column holds; `corrected` maps headers to fields and goes before the guess.

    A field is taken by the first column that claims it, the later ones are attributes. Raises
    NoEmailColumn.
    """
    found: list[Field] = []
    for title in header:
        field = Field(corrected[title]) if title in corrected else _guess_one(title)
        taken = field in found and field not in {Field.ATTRIBUTE, Field.IGNORED}
        found.append(Field.ATTRIBUTE if taken else field)
    if Field.EMAIL not in found:
        raise NoEmailColumn(
            f"No column holds addresses: the first line reads {', '.join(header)[:200]!r}. "
            "Head one of the columns email."
        )
    return tuple(found)


def _guess_one(title: str) -> Field:
    plain = " ".join(title.casefold().replace("_", " ").split())
    return _KNOWN.get(plain, Field.ATTRIBUTE if plain else Field.IGNORED)
