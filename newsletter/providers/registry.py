"""Opens a provider by its name.

Besides the built-in ones, a package may bring its own: an entry point in the group
"newsletter.providers" that names a callable from `ProviderOptions` to a `Provider`.
tests/contract/test_providers.py is the suite that it should pass.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

from newsletter.providers.base import Provider, UnknownProvider

ENTRY_POINTS = "newsletter.providers"


@dataclass(frozen=True, kw_only=True)
class ProviderOptions:
    """What the operator has set; each provider reads its own. `timeout` is in seconds.

    SMTP's URL is explained in smtp_server.py; `sendgrid_host` is a base URL or "eu".
    """

    mail_folder: Path = Path("mail")
    smtp_url: str = field(default="smtp://127.0.0.1:25", repr=False)
    smtp_connections: int = 10
    sendgrid_api_key: str = field(default="", repr=False)
    sendgrid_host: str = "https://api.sendgrid.com"
    sendgrid_concurrency: int = 4
    sendgrid_sandbox: bool = False
    timeout: float = 24.0


def open_provider(name: str, options: ProviderOptions) -> Provider:
    """The provider of that name, not yet connected.

    Raises UnknownProvider, or ProviderMisconfigured if an option can't be right.
    """
    if name in BUILT_IN:
        return BUILT_IN[name](options)
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        factory: Callable[[ProviderOptions], Provider] = entry.load()
        return factory(options)
    known = ", ".join(provider_names())
    raise UnknownProvider(f"No provider is called {name!r}. NEWSLETTER_PROVIDER is one of {known}.")


def provider_names() -> list[str]:
    """Every name that `open_provider` knows, the built-in ones first."""
    return [*BUILT_IN, *sorted(entry_points(group=ENTRY_POINTS).names)]


def _folder(options: ProviderOptions) -> Provider:
    from newsletter.providers.folder import FolderOptions, FolderProvider

    return FolderProvider(FolderOptions(folder=options.mail_folder, timeout=options.timeout))


def _smtp(options: ProviderOptions) -> Provider:
    from newsletter.providers.smtp import SmtpOptions, SmtpProvider
    from newsletter.providers.smtp_server import SmtpServer

    server = SmtpServer.from_url(options.smtp_url)
    return SmtpProvider(
        SmtpOptions(server=server, connections=options.smtp_connections, timeout=options.timeout)
    )


def _sendgrid(options: ProviderOptions) -> Provider:
    from newsletter.providers.sendgrid import SendGridOptions, SendGridProvider

    return SendGridProvider(
        SendGridOptions(
            api_key=options.sendgrid_api_key,
            host=options.sendgrid_host,
            concurrency=options.sendgrid_concurrency,
            sandbox=options.sendgrid_sandbox,
            timeout=options.timeout,
        )
    )


BUILT_IN: dict[str, Callable[[ProviderOptions], Provider]] = {
    "folder": _folder,
    "smtp": _smtp,
    "sendgrid": _sendgrid,
}
