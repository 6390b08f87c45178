"""What the operator sets: the environment first, then `newsletter.toml`, then the defaults."""

import os
import re
import tomllib
from base64 import b64decode
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from emails.brand import Colours, Look, Topic
from emails.errors import HeaderError
from emails.headers import parse_mailbox
from newsletter.errors import ConfigurationError
from newsletter.invalid import SLUG, in_words
from newsletter.loopback import is_loopback_host
from newsletter.time_zones import zone_of

CONFIG_FILE = "newsletter.toml"
ENCODED_SECRET = "whsec_"  # noqa: S105 - what a secret begins with that is base64
LaneName = Literal["gmail", "outlook", "yahoo", "other"]
DEFAULT_SECRET = "insecure-default-secret"  # noqa: S105 - the very value that is refused
SHORTEST_SECRET = 16
LONGEST_BOUNCE_BOX = 16
"""A local part has 64 octets (RFC 5321 §4.5.3.1.1): a plus sign follows, and a token of at most 47,
which has room for two ids of 42 bits."""
SLOWEST_RATE = 0.01
"""Messages a second: a rate is kept by when its next message may come, and that is taken seriously
for some twenty minutes ahead (dispatch/pacing.py); a tenth of it is the notices'."""


def _can_be_kept_to(rate: float) -> float:
    if 0 < rate < SLOWEST_RATE:
        raise ValueError(
            f"{rate:g} messages a second are too few to keep to: "
            f"set {SLOWEST_RATE:g} or more, or 0 for no limit"
        )
    return rate


Rate = Annotated[float, Field(ge=0), AfterValidator(_can_be_kept_to)]
"""Messages a second; 0: no limit."""


class PublicationSettings(Look):
    """The `[publication]` table of `newsletter.toml`, stored by `newsletter init`."""

    slug: str = Field(pattern=SLUG)
    name: str
    sender: str
    reply_to: str | None = None
    postal_address: str = ""
    logo: str | None = None
    colours: Colours = Colours()
    time_zone: str = "UTC"
    language: str = "en"
    host: str | None = None
    topics: tuple[Topic, ...] = ()
    tracking: Literal["consent", "counted", "off", "linked"] = "consent"
    unsure: Literal["ask", "resend", "assume-sent"] = "ask"

    @field_validator("sender", "reply_to")
    @classmethod
    def _is_mailbox(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            try:
                parse_mailbox(info.field_name or "address", value)
            except HeaderError as error:
                raise ValueError(str(error)) from error
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        try:
            return zone_of(value).key
        except ConfigurationError as error:
            raise ValueError(str(error)) from error


class Settings(BaseSettings):
    """Every setting; the name in the environment is `NEWSLETTER_` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="NEWSLETTER_", extra="ignore", frozen=True)

    database_url: str = Field(
        "sqlite:///newsletter.sqlite3",
        description="Where everything is kept: a SQLite file, or `postgresql://…`.",
    )
    secret_key: SecretStr = Field(
        SecretStr(DEFAULT_SECRET),
        description="Signs every link: 16 characters or more that nobody can guess; `newsletter "
        "init` writes a random one.",
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="Where readers reach this site; public HTTPS."
    )
    provider: str = Field("folder", description="Who takes the mail: folder, smtp or sendgrid.")
    mail_folder: Path = Field(Path("mail"), description="Where provider `folder` puts .eml files.")
    smtp_url: SecretStr = Field(
        SecretStr("smtp://127.0.0.1:25"),
        description="`smtps://user:password@host`, or `smtp://…`: STARTTLS, required with a password to another machine, else where offered.",
    )
    smtp_connections: int = Field(10, ge=1, description="Connections to the SMTP server at once.")
    sendgrid_api_key: SecretStr = Field(SecretStr(""), description="SendGrid's API key.")
    sendgrid_host: str = Field(
        "https://api.sendgrid.com", description="SendGrid's host; the EU has its own."
    )
    sendgrid_webhook_public_key: str = Field(
        "", description="Verifies SendGrid's signed event webhook."
    )
    sendgrid_concurrency: int = Field(4, ge=1, description="Requests to SendGrid at once.")
    sendgrid_sandbox: bool = Field(
        default=False, description="SendGrid's sandbox mode: checked, accepted, never delivered."
    )
    bounce_address: str = Field(
        "",
        description="Where bounces of mail by SMTP come back to, `bounces@news.example.org`; each "
        "message gets an address of its own, `bounces+TOKEN@…`.",
    )
    bounce_mailbox: SecretStr = Field(
        SecretStr(""),
        description="The mailbox that the worker reads bounces from once a minute: "
        "`maildir:///var/mail/bounces` or `imaps://user:password@mail.example.org/INBOX`.",
    )
    alert_email: str = Field("", description="Who is told when a send needs a person.")
    alert_webhook_url: str = Field(
        "", description="Where alerts are posted as well, as signed JSON; https, or this machine."
    )
    alert_webhook_secret: SecretStr = Field(
        SecretStr(""),
        description="What those posts are signed with: any long random text, or `whsec_` and base64.",
    )
    disk_full_at: float = Field(
        0.95, gt=0, le=1, description="Share of a disk in use from which on an alert goes out."
    )
    send_rate: Rate = Field(
        0.0,
        description="Messages a second for the provider as a whole, 0.01 or more; 0: no limit.",
    )
    lane_rates: dict[LaneName, Rate] = Field(
        {},
        description="Messages a second by group of recipients' domains, gmail, outlook, yahoo and "
        "other, 0.01 or more: `{gmail = 20}`; in the environment as JSON.",
    )
    batch_size: int = Field(1000, ge=1, le=1000, description="Recipients in a batch.")
    lease_seconds: float = Field(
        60.0, gt=0, description="How long a silent worker keeps a batch; it renews at a third."
    )
    unsure_wait: float = Field(
        1800.0, ge=0, description="Seconds to wait for evidence before the `unsure` policy acts."
    )
    signup_disposable: Literal["allow", "warn", "refuse"] = Field(
        "warn", description="Sign-ups from domains that give out addresses for an hour."
    )
    signup_roles: Literal["allow", "warn", "refuse"] = Field(
        "warn", description="Sign-ups from addresses of a role, such as `info@` or `noreply@`."
    )
    signup_international: Literal["allow", "warn", "refuse"] = Field(
        "allow",
        description="Sign-ups with letters beyond a–z before the @, which not every server reaches.",
    )
    signup_refused_domains: tuple[str, ...] = Field(
        (),
        description="Domains, with those below them, whose addresses may not sign up; in the "
        "environment as JSON.",
    )
    signup_challenge: str = Field(
        "",
        description="A test of whether a person signs up: the name of an entry point in "
        "`newsletter.challenges`; empty: none.",
    )
    keep_webhooks: float = Field(
        0.0,
        ge=0,
        description="Days that a webhook stays as it came after it was read; 0: till the next minute.",
    )
    keep_unreadable_webhooks: float = Field(
        30.0, ge=0, description="Days that a webhook stays that could not be read."
    )
    keep_events: float = Field(
        365.0,
        ge=31,
        description="Days that a provider's events stay, beside what they did to a delivery.",
    )
    keep_notices: float = Field(
        30.0, ge=3, description="Days that a confirmation or another small mail is remembered."
    )
    keep_consent_ips: float = Field(
        30.0,
        ge=0,
        description="Days that a consent keeps the network address it came from; 0: never stored.",
    )
    keep_requests: float = Field(
        30.0, ge=3, description="Days that a sign-up stays that nobody confirmed."
    )
    keep_imports: float = Field(
        30.0, ge=1, description="Days that an import which was cut off can be taken up again."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the log says."
    )
    publication: PublicationSettings | None = Field(
        None, description="The `[publication]` table; only in `newsletter.toml`."
    )

    @field_validator("bounce_address")
    @classmethod
    def _has_room_for_a_token(cls, value: str) -> str:
        local = parse_mailbox("bounce_address", value).address.rpartition("@")[0] if value else ""
        if len(local) > LONGEST_BOUNCE_BOX:
            raise ValueError(
                f"its part before the @ may have {LONGEST_BOUNCE_BOX} characters: a token follows"
            )
        return value

    @field_validator("alert_webhook_url")
    @classmethod
    def _is_safe_to_post_to(cls, value: str) -> str:
        parts = urlsplit(value)
        loopback = parts.scheme == "http" and is_loopback_host(parts.hostname)
        if value and not (parts.hostname and (parts.scheme == "https" or loopback)):
            raise ValueError("it must begin with https:// (http:// only on this machine)")
        return value

    @model_validator(mode="after")
    def _signs_its_posts(self) -> Self:
        try:
            key = self.alert_webhook_key
        except ValueError as error:
            raise ValueError("alert_webhook_secret: what follows whsec_ is no base64") from error
        if self.alert_webhook_url and not key:
            raise ValueError("alert_webhook_url needs alert_webhook_secret, which signs the posts")
        return self

    @property
    def alert_webhook_key(self) -> bytes:
        """What the posts are signed with: as libraries for Standard Webhooks 1.0 read a secret."""
        secret = self.alert_webhook_secret.get_secret_value()
        if not secret.startswith(ENCODED_SECRET):
            return secret.encode()
        return b64decode(secret.removeprefix(ENCODED_SECRET), validate=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over what the file gave (handed in as init values)."""
        del settings_cls, dotenv_settings, file_secret_settings
        return (env_settings, init_settings)

    @property
    def secret_flaw(self) -> str:
        """Why anybody could forge our links, to follow "secret_key"; empty where nobody can."""
        secret = self.secret_key.get_secret_value()
        if secret == DEFAULT_SECRET:
            return "is the default"
        if len(secret) < SHORTEST_SECRET:
            return f"has {len(secret)} characters of at least {SHORTEST_SECRET}"
        return ""

    @property
    def has_whole_base_url(self) -> bool:
        """Whether a scheme and a host stand in it, so that links made from it lead anywhere."""
        try:
            parts = urlsplit(self.base_url)
        except ValueError:  # half of an IPv6 address's brackets
            return False
        return parts.scheme in {"http", "https"} and bool(parts.hostname)

    @property
    def has_public_base_url(self) -> bool:
        """Whether a reader's mail program could reach the links that we mail."""
        if not self.has_whole_base_url:
            return False
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" and not is_loopback_host(parts.hostname)


def config_path() -> Path:
    """Where `newsletter.toml` is looked for."""
    return Path(os.environ.get("NEWSLETTER_CONFIG", CONFIG_FILE))


def load_settings(config: Path | None = None) -> Settings:
    """Read the settings; relative paths in them are relative to the file's folder.

    Raises:
        ConfigurationError: naming the file and every setting at fault.
    """
    path = config or config_path()
    values = _read_toml(path) if path.is_file() else {}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, path)) from error
    except SettingsError as error:
        raise ConfigurationError(_explain_json(error)) from error
    return _anchored(settings, path.resolve().parent)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error
    unknown = sorted(set(values) - set(Settings.model_fields))
    if unknown:
        known = ", ".join(sorted(Settings.model_fields))
        raise ConfigurationError(
            f"{path}: unknown setting {', '.join(unknown)}. Known are: {known}."
        )
    return values


def _explain(error: ValidationError, path: Path) -> str:
    lines = [
        f"  {'.'.join(str(part) for part in item['loc'])}: {in_words(item)}"
        for item in error.errors()
    ]
    return f"Settings (environment NEWSLETTER_* and {path}) are not right:\n" + "\n".join(lines)


def _explain_json(error: SettingsError) -> str:
    """pydantic-settings reads lists and tables in the environment as JSON, and names the field."""
    named = re.search(r'field "(\w+)"', str(error))
    name = f"NEWSLETTER_{named[1].upper()}" if named else "A setting NEWSLETTER_*"
    return (
        f"{name} is a list or a table, and those are written as JSON in the environment: "
        '["spam.example", "rubbish.example"] or {"gmail": 20}. '
        f"In {CONFIG_FILE} they are written as TOML."
    )


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Make the paths absolute, so that every command works from any directory."""
    changes: dict[str, Any] = {"base_url": settings.base_url.rstrip("/")}
    if not settings.mail_folder.is_absolute():
        changes["mail_folder"] = folder / settings.mail_folder
    scheme, _, file = settings.database_url.partition(":///")
    if scheme.startswith("sqlite") and file and not file.startswith("/"):
        changes["database_url"] = f"{scheme}:///{folder / file}"
    return settings.model_copy(update=changes)
