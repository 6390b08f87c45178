"""UTM parameters: what a publication adds to its links, for the statistics of other sites."""

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from emails.brand import Utm
from emails.issue import Issue


def tagger(utm: Utm, issue: Issue) -> Callable[[str], str]:
    """A function that adds `issue`'s parameters to the URLs that the rule is for.

    It leaves alone what is no web address and what has a `utm_` parameter already; the rest of a
    URL stays as it was written.
    """
    values = utm.model_dump(exclude={"hosts"}, exclude_none=True)
    filled = {
        f"utm_{name}": value.replace("{date}", str(issue.date)).replace("{name}", issue.name)
        for name, value in values.items()
    }
    added = urlencode(filled)
    hosts = tuple(host.lower() for host in utm.hosts)

    def tag(url: str) -> str:
        parts = urlsplit(url)
        if "utm_" in parts.query or not _is_meant(parts.scheme, parts.hostname or "", hosts):
            return url
        query = f"{parts.query}&{added}" if parts.query else added
        return parts._replace(query=query).geturl()

    return tag if added else _unchanged


def _is_meant(scheme: str, host: str, hosts: tuple[str, ...]) -> bool:
    if scheme not in {"http", "https"}:
        return False
    return not hosts or any(host == one or host.endswith(f".{one}") for one in hosts)


def _unchanged(url: str) -> str:
    return url
