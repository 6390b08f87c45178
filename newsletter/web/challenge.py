"""A hook for a test of whether a person signs up; none is built in.

A package brings one as an entry point in the group "newsletter.challenges": a callable from the
secret key to a `Challenge`. NEWSLETTER_SIGNUP_CHALLENGE names it. It is asked last, when an address
and the honeypot were fine, and its refusal looks like every other answer.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Protocol

from starlette.concurrency import run_in_threadpool

from newsletter.errors import ConfigurationError

ENTRY_POINTS = "newsletter.challenges"


class Challenge(Protocol):
    """A test that the form shows and that is checked once."""

    def html(self, *, now: float) -> str:
        """What stands in the form, as safe HTML; its fields come back to `passed`."""
        ...

    def passed(self, fields: Mapping[str, str], *, ip: str, now: float) -> bool:
        """Tell whether the form's other fields solve it; a solution counts once."""
        ...


class NoChallenge:
    """Whoever asks may."""

    def html(self, *, now: float) -> str:  # noqa: ARG002 - the Protocol's
        return ""

    def passed(self, fields: Mapping[str, str], *, ip: str, now: float) -> bool:  # noqa: ARG002
        return True


async def solved(challenge: Challenge, fields: Mapping[str, str], *, ip: str, now: float) -> bool:
    """Ask a challenge, in a thread and outside of any transaction: it may ask a server itself."""
    if isinstance(challenge, NoChallenge):
        return True
    return await run_in_threadpool(challenge.passed, fields, ip=ip, now=now)


def open_challenge(name: str, secret: str) -> Challenge:
    """The challenge of that name; none for an empty one. Raises ConfigurationError."""
    if not name:
        return NoChallenge()
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        make: Callable[[str], Challenge] = entry.load()
        return make(secret)
    known = ", ".join(sorted(entry_points(group=ENTRY_POINTS).names)) or "none"
    raise ConfigurationError(
        f"No challenge is called {name!r}; installed are: {known}. Mend NEWSLETTER_SIGNUP_CHALLENGE."
    )
