"""What is looked up at the receiving end, in the mails as their readers got them."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from newsletter.sandbox.demo.errors import DemoError
from newsletter.sandbox.standin.control import Control
from newsletter.sandbox.standin.loopback_http import require_loopback

ONE_CLICK = urlencode({"List-Unsubscribe": "One-Click"}).encode()
"""The body of RFC 8058 §3.1."""
ANSWER_SECONDS = 10.0
_HREF = re.compile(r'<a\s[^>]*?href="([^"]+)"')
_IMAGE = re.compile(r'<img\s[^>]*?src="([^"]+)"')


@dataclass(frozen=True)
class Traces:
    """How a mail could tell on its reader."""

    pixels: tuple[str, ...]
    tracked: tuple[str, ...]
    plain: tuple[str, ...]
    """Links that lead where they say, without a turn by us."""


def received_mail(control: Control, email: str, edition_id: int) -> dict[str, Any]:
    """The edition as this reader got it. Raises DemoError if there is none."""
    for summary in control.mails(email)["mails"]:
        if summary["to"] == email and summary["nl_edition"] == str(edition_id):
            return control.mail(summary["id"])
    raise DemoError(f"The stand-in has no mail of this edition to {email}.")


def traces(mail: dict[str, Any], *, base_url: str) -> Traces:
    """Look for pixels and for links that lead over our site."""
    links = _HREF.findall(mail["html"])
    ours = [url for url in links if url.startswith(base_url)]
    return Traces(
        pixels=tuple(url for url in _IMAGE.findall(mail["html"]) if url.startswith(base_url)),
        tracked=tuple(url for url in ours if urlsplit(url).path.startswith("/c/")),
        plain=tuple(url for url in links if url not in ours),
    )


def leave_by_one_click(mail: dict[str, Any]) -> int:
    """POST as a mailbox provider does for its reader (RFC 8058); return the status."""
    found = re.search(r"<(http[^>]+)>", mail["headers"]["List-Unsubscribe"])
    if found is None:
        raise DemoError("The mail has no List-Unsubscribe address.")
    require_loopback(found[1])
    request = Request(found[1], ONE_CLICK, method="POST")  # noqa: S310 - loopback only
    with build_opener(ProxyHandler({})).open(request, timeout=ANSWER_SECONDS) as answer:
        return int(answer.status)
