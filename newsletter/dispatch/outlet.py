"""Opens the provider that the settings name, and hands mailings to it."""

from collections.abc import Sequence
from concurrent.futures import Future

from newsletter.providers.base import Mailing, Outcome, Provider
from newsletter.providers.registry import ProviderOptions, open_provider
from newsletter.settings import Settings

TIMEOUT_SHARE = 0.4
"""A call that got no answer is given up well before the lease ends."""


def open_outlet(settings: Settings) -> Provider:
    """Return the provider, not yet connected; ProviderError says what is wrong with an option."""
    return open_provider(
        settings.provider,
        ProviderOptions(
            mail_folder=settings.mail_folder,
            smtp_url=settings.smtp_url.get_secret_value(),
            smtp_connections=settings.smtp_connections,
            sendgrid_api_key=settings.sendgrid_api_key.get_secret_value(),
            sendgrid_host=settings.sendgrid_host,
            sendgrid_concurrency=settings.sendgrid_concurrency,
            sendgrid_sandbox=settings.sendgrid_sandbox,
            timeout=settings.lease_seconds * TIMEOUT_SHARE,
        ),
    )


def hand_over(provider: Provider, mailing: Mailing) -> Future[Sequence[Outcome]]:
    """Submit; a provider that raises at once answers like one that raises later."""
    try:
        return provider.submit(mailing)
    except Exception as error:  # noqa: BLE001 - what a provider's bug raises can't be known
        failed: Future[Sequence[Outcome]] = Future()
        failed.set_exception(error)
        return failed
