"""What a send waits for, in words: who puts it off, why, since when, and when it is tried again."""

from typing import Any

MINUTE, HOUR = 60, 3600


def waits(state: dict[str, Any], *, now: float) -> list[str]:
    """A line for each reason why readers of an edition wait; `state` is its progress."""
    return [
        f"{one['readers']} readers wait for {one['provider']}, since {_span(now - one['since'])}: "
        f"{one['why']} (next try: {_next(one['next_try'] - now)})"
        for one in state["waiting"]
    ]


def _next(seconds: float) -> str:
    return f"in {_span(seconds)}" if seconds > 0 else "now"


def _span(seconds: float) -> str:
    """A span of time as people say it: 40 s, 12 min, 3 h."""
    if seconds < 2 * MINUTE:
        return f"{max(seconds, 0):.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h"
