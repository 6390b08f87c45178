"""How an edition stands, in words: by domain group, what went wrong, what it waits for, what is in doubt."""

from typing import Any

from newsletter.cli.output import counted

MINUTE, HOUR = 60, 3600
TOLD_APART = frozenset({"lanes", "slow_lanes", "errors", "waiting"})
"""What of the progress is no single value; `details` tells it."""


def details(state: dict[str, Any], *, now: float) -> list[tuple[str, str]]:
    """Rows of a word and a line: domain groups, errors, waits. `state` is an edition's progress."""
    slow = state["slow_lanes"]
    lanes = [
        (lane, " ".join(f"{name}={count}" for name, count in counts.items()) + _slowed(slow, lane))
        for lane, counts in state["lanes"].items()
    ]
    errors = [
        (
            one["state"],
            counted(one["count"], "time") + (f": {one['reason']}" if one["reason"] else ""),
        )
        for one in state["errors"]
    ]
    return lanes + errors + [("waits", line) for line in waits(state, now=now)]


def doubt(state: dict[str, Any]) -> str | None:
    """What to do about deliveries in doubt, where nothing else is under way; else None."""
    unsure = state["unsure"]
    if not unsure or state["queued"]:
        return None
    are = "delivery is" if unsure == 1 else "deliveries are"
    return f"{unsure:,} {are} in doubt: newsletter edition resolve {state['edition']}"


def waits(state: dict[str, Any], *, now: float) -> list[str]:
    """A line for each reason why readers of an edition wait; `state` is its progress."""
    return [_wait(one, now=now) for one in state["waiting"]]


def _wait(one: dict[str, Any], *, now: float) -> str:
    verb = "waits" if one["readers"] == 1 else "wait"
    who = f"{counted(one['readers'], 'reader')} {verb} for provider {one['provider']}"
    if one["next_try"] is None:  # nobody tries: a person has to act
        return f"{who}: {one['why']}"
    since, next_try = _span(now - one["since"]), _next(one["next_try"] - now)
    return f"{who}, since {since}: {one['why']} (next try: {next_try})"


def _slowed(slow_lanes: dict[str, float], lane: str) -> str:
    pause = slow_lanes.get(lane)
    return "" if pause is None else f" (slowed down: a window each {pause:.0f} s)"


def _next(seconds: float) -> str:
    return f"in {_span(seconds)}" if seconds > 0 else "now"


def _span(seconds: float) -> str:
    """A span of time as people say it: 40 s, 12 min, 3 h."""
    if seconds < 2 * MINUTE:
        return f"{max(seconds, 0):.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.0f} h"
