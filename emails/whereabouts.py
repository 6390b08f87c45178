"""Where an issue says what a finding is about: the field that an editor has to look at."""

import re

from emails.addresses import NUMBER, Addresses
from emails.composition import Composition
from emails.issue import Issue
from emails.places import field_path, texts

_UTM = re.compile(r"[?&]utm_.*$", re.DOTALL)


class Whereabouts:
    """Finds the fields of an issue, and what is behind the addresses of its mail.

    Without `addresses`, those that the mail was composed with, a tracked one stays unresolved.
    """

    def __init__(
        self, issue: Issue, composition: Composition, addresses: Addresses | None = None
    ) -> None:
        self._texts = [(field_path(place), text) for place, text in texts(issue)]
        placed = addresses and addresses.with_token(composition.slots.get("token", ""))
        click = placed.click if placed else None
        self._urls = {
            click.replace(NUMBER, str(link.number)): link.url for link in composition.links if click
        }

    def url(self, address: str) -> str:
        """What a reader who follows `address` gets to see."""
        return self._urls.get(address, address)

    def field(self, address: str, otherwise: str = "html") -> str:
        """The first field that holds what `address` leads to."""
        url = _UTM.sub("", self.url(address))
        return next((field for field, text in self._texts if url in text), otherwise)
