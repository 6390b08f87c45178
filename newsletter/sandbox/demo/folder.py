"""Where the demo lives: made anew each time, and never over anything else."""

import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.errors import UnsafeToSend
from newsletter.loopback import is_loopback_host
from newsletter.sandbox.demo.errors import FolderInUse
from newsletter.sandbox.demo.plan import DemoPlan
from newsletter.sandbox.samples import PUBLICATION
from newsletter.sandbox.standin.process import StandIn
from newsletter.settings import CONFIG_FILE, Settings, load_settings

NAME = "newsletter-demo"
MARKER = ".newsletter-demo"
DATABASE = "newsletter.sqlite3"
API_KEY = "SG.stand-in"
PREFIX = "NEWSLETTER_"


def forget_environment() -> None:
    """Drop every NEWSLETTER_* variable: a real provider's key must not reach the demo."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]


@contextlib.contextmanager
def passing_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def lasting_folder(parent: Path) -> Path:
    """Make `newsletter-demo` in `parent`, in the place of an earlier demo's.

    Raises:
        FolderInUse: something else is there.
    """
    folder = parent / NAME
    if folder.exists():
        if not (folder / MARKER).is_file():
            raise FolderInUse(
                f"{folder} is not the demo's. Move it away, or run `newsletter demo` elsewhere."
            )
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / MARKER).write_text("`newsletter demo` deletes this folder when it starts again.\n")
    return folder


def write_config(folder: Path, plan: DemoPlan, standin: StandIn, *, base_url: str) -> Settings:
    """Write newsletter.toml, and read it as every process of the demo will.

    Raises:
        UnsafeToSend: mail could leave this machine.
    """
    settings = {
        "database_url": f"sqlite:///{DATABASE}",
        "secret_key": secrets.token_urlsafe(32),
        "base_url": base_url,
        "provider": "sendgrid",
        "sendgrid_host": standin.url,
        "sendgrid_api_key": API_KEY,
        "sendgrid_webhook_public_key": standin.public_key,
        "send_rate": plan.rate,
        "batch_size": plan.batch,
        "lease_seconds": plan.lease_seconds,
        "alert_email": "editor@example.com",
        "log_level": "warning",
    }
    path = folder / CONFIG_FILE
    path.write_text(f"{_table(settings)}\n[publication]\n{_table(PUBLICATION)}", "utf-8")
    written = load_settings(path)
    require_loopback(written)
    return written


def require_loopback(settings: Settings) -> None:
    """Raise UnsafeToSend unless provider and site are on this machine."""
    for url in (settings.sendgrid_host, settings.base_url):
        if not is_loopback_host(urlsplit(url).hostname):
            raise UnsafeToSend((f"The demo only speaks to this machine, and {url} is not on it.",))


def _table(values: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in values.items())


def _toml(value: object) -> str:
    """Strings, numbers, lists and tables of them; all but the last are TOML as they are JSON."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value)
