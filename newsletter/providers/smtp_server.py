"""Which SMTP server, and how to get a logged-in connection to it."""

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from newsletter.loopback import is_loopback_host
from newsletter.providers.errors import (
    AuthenticationRefused,
    ProviderError,
    ProviderMisconfigured,
    ProviderUnreachable,
)
from newsletter.providers.smtp_channel import Channel
from newsletter.providers.smtp_pipeline import Conversation

Tls = Literal["implicit", "required", "offered", "never"]
STARTTLS: dict[str, Tls] = {"required": "required", "offered": "offered", "never": "never"}
DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
PERMANENT = 500  # RFC 5321 §4.2.1: 5yz will not change by trying again
SUBMISSION_PORT = 587  # RFC 6409 §3.1: where a client that logs in belongs


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where to connect and as whom.

    `tls`: "implicit" from the first byte (RFC 8314), "required" STARTTLS, "offered" STARTTLS where
    the server offers it, "never". `ca_file` is a PEM file of authorities to trust besides the
    system's. Certificates and host names are always checked.
    """

    host: str
    port: int
    tls: Tls
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtp://user:password@host:port?starttls=required` or `smtps://…`.

        `starttls` is required, offered or never; by default required with a password to protect
        and offered without. `ca_file` names a PEM file. Characters such as `@` in user or
        password are percent-encoded. Raises ProviderMisconfigured; never shows the password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ProviderMisconfigured(_cure("its host or port can't be read")) from None
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ProviderMisconfigured(_cure("it must begin with smtp:// or smtps:// and a host"))
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        server = cls(
            host=parts.hostname,
            port=port or _default_port(parts.scheme, parts.username),
            tls=_tls(parts.scheme, options.pop("starttls", None), parts.username, parts.hostname),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
            ca_file=Path(options.pop("ca_file")) if "ca_file" in options else None,
        )
        if options:
            raise ProviderMisconfigured(_cure(f"unknown option {', '.join(sorted(options))}"))
        return server

    @property
    def loopback(self) -> bool:
        return is_loopback_host(self.host)

    def tls_context(self) -> ssl.SSLContext:
        """Raises ProviderMisconfigured for a `ca_file` that isn't there or holds no certificate."""
        context = ssl.create_default_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(cafile=self.ca_file)
            except (OSError, ssl.SSLError) as error:
                words = f"ca_file {self.ca_file} can't be read: {error}"
                raise ProviderMisconfigured(_cure(words)) from error
        return context


def _default_port(scheme: str, username: str | None) -> int:
    return SUBMISSION_PORT if scheme == "smtp" and username else DEFAULT_PORTS[scheme]


def _tls(scheme: str, starttls: str | None, username: str | None, host: str) -> Tls:
    if scheme == "smtps":
        return "implicit"
    if starttls is None:
        return "required" if username and not is_loopback_host(host) else "offered"
    if starttls not in STARTTLS:
        raise ProviderMisconfigured(_cure("starttls is required, offered or never"))
    if username and starttls != "required" and not is_loopback_host(host):
        words = "a password would cross the network in the clear; use starttls=required or smtps://"
        raise ProviderMisconfigured(_cure(words))
    return STARTTLS[starttls]


def _cure(what: str) -> str:
    return f"NEWSLETTER_SMTP_URL is not right: {what}. Example: smtps://user:password@mail.example"


async def open_conversation(
    server: SmtpServer, context: ssl.SSLContext, *, reply_timeout: float, limit: int
) -> Conversation:
    """Connect, secure, greet and log in; then hand the connection to the hot loop.

    Raises ProviderUnreachable (nothing answers, or not now), AuthenticationRefused, or
    ProviderMisconfigured (TLS that can't be had).
    """
    client = _client(server, context, reply_timeout)
    try:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if server.username is not None:
            await client.login(server.username, server.password or "")
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        if client.is_connected:
            await _taken_over(client, reply_timeout=reply_timeout, limit=0).hang_up()
        raise _explained(error, server) from error
    return _taken_over(client, reply_timeout=reply_timeout, limit=limit)


def _client(server: SmtpServer, context: ssl.SSLContext, timeout: float) -> aiosmtplib.SMTP:
    start_tls = {"required": True, "offered": None, "never": False, "implicit": False}[server.tls]
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=timeout,
        use_tls=server.tls == "implicit",
        start_tls=start_tls,
        tls_context=context,
    )


def _taken_over(client: aiosmtplib.SMTP, *, reply_timeout: float, limit: int) -> Conversation:
    # uvloop's transports do not descend from asyncio's, whose methods they have.
    transport = cast("asyncio.Transport | None", client.transport)
    if transport is None:
        raise ProviderUnreachable("The SMTP server closed the connection after its greeting.")
    channel = Channel(reply_timeout)
    channel.adopt(transport)
    return Conversation(
        channel,
        pipelining=client.supports_extension("pipelining"),
        smtputf8=client.supports_extension("smtputf8"),
        limit=limit,
    )


def _explained(error: Exception, server: SmtpServer) -> ProviderError:
    where = f"{server.host}:{server.port}"
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= PERMANENT:
        return AuthenticationRefused(
            f"The SMTP server {where} refuses the login: {error.code} {error.message}. "
            "Check user and password in NEWSLETTER_SMTP_URL."
        )
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return ProviderUnreachable(
            f"The SMTP server {where} does not let us in: {error.code} {error.message}."
        )
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        reason = error if isinstance(error, ssl.SSLError) else error.__cause__
        return ProviderUnreachable(
            f"No secure connection to the SMTP server {where}: {reason}. "
            "Its certificate must be valid for that host; add `?ca_file=` for an own authority."
        )
    if isinstance(error, aiosmtplib.SMTPException) and not isinstance(error, OSError):
        return ProviderUnreachable(
            f"The SMTP server {where} can't do what NEWSLETTER_SMTP_URL asks: {error}"
        )
    return ProviderUnreachable(
        f"The SMTP server {where} can't be reached: {error}. "
        "Check NEWSLETTER_SMTP_URL and that the server is up."
    )
