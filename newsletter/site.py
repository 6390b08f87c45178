"""The publication's own addresses: where every link that we mail leads."""

from collections.abc import Callable
from dataclasses import dataclass

from emails.addresses import TOKEN, Addresses
from newsletter.publications import Publication
from newsletter.settings import Settings
from newsletter.tokens import Purpose, Signer

CONFIRM_HOURS = 48
MANAGE_HOURS = 24


@dataclass(frozen=True)
class Site:
    """The base URL and the signer, which together make every link."""

    base_url: str
    signer: Signer
    bounce_address: str = ""
    """Where mail by SMTP comes back to; empty: to its sender."""

    @classmethod
    def of(cls, settings: Settings) -> "Site":
        return cls(
            settings.base_url,
            Signer(settings.secret_key.get_secret_value()),
            settings.bounce_address,
        )

    def addresses(
        self, publication: Publication, edition_id: int, edition_name: str, tracking: str
    ) -> Addresses:
        """Where an edition's mail leads, for one way of tracking.

        Linked readers carry their own token in pixel and links; counted ones the edition's, which
        names no reader; with tracking off there is no pixel and links are plain.
        """
        root = publication.site_url(self.base_url)
        pixel = click = None
        if tracking != "off":
            token = TOKEN if tracking == "linked" else self.signer.sign(Purpose.EDITION, edition_id)
            pixel, click = f"{root}/o/{token}.gif", f"{root}/c/{{number}}/{token}"
        return Addresses(
            unsubscribe=f"{root}/unsubscribe/{TOKEN}",
            preferences=f"{root}/preferences/{TOKEN}",
            view_online=f"{root}/archive/{edition_name}",
            archive=f"{root}/archive",
            one_click=f"{root}/unsubscribe/{TOKEN}",
            pixel=pixel,
            click=click,
        )

    def delivery_tokens(self, edition_id: int) -> Callable[[int], str]:
        """From a subscriber's id to the token of their delivery of one edition."""
        return self.signer.series(Purpose.DELIVERY, edition_id)

    def return_path(self, edition_id: int, subscriber_id: int) -> str:
        """A delivery's own envelope sender (VERP): `bounces+TOKEN@news.example.org`."""
        return self._bounces(self.signer.sign_caseless(Purpose.BOUNCE, edition_id, subscriber_id))

    def notice_return_path(self, notice_id: int) -> str:
        """A small mail's own envelope sender."""
        return self._bounces(self.signer.sign_caseless(Purpose.NOTICE, notice_id))

    def _bounces(self, token: str) -> str:
        box, _, domain = self.bounce_address.rpartition("@")
        return f"{box}+{token}@{domain}"

    def confirm_url(
        self, publication: Publication, subscriber_id: int, epoch: int, *, now: float
    ) -> str:
        """A link that confirms one sign-up, once, within 48 hours."""
        expiry = int(now) + CONFIRM_HOURS * 3600
        token = self.signer.sign(Purpose.CONFIRM, publication.key, subscriber_id, epoch, expiry)
        return f"{publication.site_url(self.base_url)}/confirm/{token}"

    def fresh_url(
        self,
        publication: Publication,
        subscriber_id: int,
        epoch: int,
        *,
        page: str = "preferences",
        purpose: Purpose = Purpose.MANAGE,
        now: float,
    ) -> str:
        """A freshly mailed link, for a day, to what is a reader's own."""
        expiry = int(now) + MANAGE_HOURS * 3600
        token = self.signer.sign(purpose, publication.key, subscriber_id, epoch, expiry)
        return f"{publication.site_url(self.base_url)}/{page}/{token}"
