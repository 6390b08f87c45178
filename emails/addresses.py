"""Where a mail's own links lead. The caller, who knows hosts and secrets, hands them in."""

from dataclasses import dataclass, replace
from typing import Self

TOKEN = "{token}"  # noqa: S105 - a placeholder
NUMBER = "{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the mail's own links lead.

    "{token}" stands for the reader's slot, "{number}" for a link's number. `view_online` and
    `archive` hold neither: mails get forwarded. `pixel` is None where opens aren't tracked, `click`
    None where links stay plain; a constant token in both counts for the edition without saying
    who. `one_click` is the HTTPS address for List-Unsubscribe (RFC 8058).
    """

    unsubscribe: str
    preferences: str
    view_online: str
    archive: str
    one_click: str
    pixel: str | None = None
    click: str | None = None
    unsubscribe_mailto: str | None = None

    @classmethod
    def sample(cls, base_url: str = "https://newsletter.example") -> Self:
        """Addresses in the shape of the real ones, tracked, to preview without a publication."""
        return cls(
            unsubscribe=f"{base_url}/unsubscribe/{TOKEN}",
            preferences=f"{base_url}/preferences/{TOKEN}",
            view_online=f"{base_url}/archive/latest",
            archive=f"{base_url}/archive",
            one_click=f"{base_url}/unsubscribe/{TOKEN}",
            pixel=f"{base_url}/o/{TOKEN}.gif",
            click=f"{base_url}/c/{NUMBER}/{TOKEN}",
        )

    def with_token(self, word: str) -> Self:
        """These addresses with `word` wherever "{token}" stood."""
        return replace(
            self,
            unsubscribe=self.unsubscribe.replace(TOKEN, word),
            preferences=self.preferences.replace(TOKEN, word),
            one_click=self.one_click.replace(TOKEN, word),
            pixel=self.pixel and self.pixel.replace(TOKEN, word),
            click=self.click and self.click.replace(TOKEN, word),
            unsubscribe_mailto=self.unsubscribe_mailto
            and self.unsubscribe_mailto.replace(TOKEN, word),
        )
