"""Writes what the reference pages take from the code: `.venv/bin/python docs/generate.py`.

A page holds such a part between `<!-- from the code: NAME -->` and `<!-- end -->`; the prose around
it is written by hand. tests/test_docs.py fails where a page is behind the code.
"""  # noqa: INP001 - a script beside the pages that it writes, not a package

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from newsletter.cli.app import app
from newsletter.dispatch.states import (
    BATCH_TRANSITIONS,
    BY_DISPATCHER,
    EVIDENCE_BEFORE,
    OPEN,
    BatchState,
    DeliveryState,
)
from newsletter.editions.states import TRANSITIONS as EDITION_TRANSITIONS
from newsletter.editions.states import EditionState
from newsletter.settings import Settings
from subscribers.models import State
from subscribers.states import TRANSITIONS as SUBSCRIPTION_TRANSITIONS
from subscribers.states import Act

DOCS = Path(__file__).parent
PART = re.compile(r"(<!-- from the code: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

Arrow = tuple[str, str, str]
"""From, to, and what stands at the arrow."""


def renewed(page: str) -> str:
    """The page with every part as the code says it now."""
    return PART.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]()}\n\n{match[3]}", page)


def pages() -> Iterator[Path]:
    """Every page that holds a part."""
    return (page for page in sorted(DOCS.glob("*.md")) if PART.search(page.read_text("utf-8")))


# -- settings


def settings() -> str:
    rows = [
        (f"`{name}`", f"`NEWSLETTER_{name.upper()}`", _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
        if name != "publication"
    ]
    return table(("newsletter.toml", "Environment", "Default", "What it does"), rows)


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{value}`" if str(value) else "empty"


# -- commands


def commands() -> str:
    return "\n\n".join(_command(path, command) for path, command in every_command())


def every_command() -> Iterator[tuple[str, Any]]:
    """`edition import` and what Typer made of it, for every command that does something."""
    yield from _within("", typer.main.get_command(app))


def _within(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for name, one in inner.items():
        yield from _within(f"{path} {name}".strip(), one)


def _command(path: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join(
        ("newsletter", path, *map(_metavar, arguments), *["[OPTIONS]"][: len(options)])
    )
    rows = [
        *((f"`{_metavar(one)}`", one.help or "") for one in arguments),
        *((_switch(one), _meaning(one)) for one in options),
    ]
    parts = [f"### `newsletter {path}`", " ".join(command.help.split()), f"```text\n{usage}\n```"]
    return "\n\n".join([*parts, table(("", ""), rows)] if rows else parts)


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _switch(option: Any) -> str:
    value = "" if option.is_flag else f" {_metavar(option)}"
    return ", ".join(f"`{name}{value}`" for name in option.opts)


def _meaning(option: Any) -> str:
    words = option.help or ""
    if option.required:
        return f"{words} Needed."
    return words if option.default in {None, False} else f"{words} Default: `{option.default}`."


# -- states


def edition_states() -> str:
    return _states(_plain(EDITION_TRANSITIONS), start=EditionState.DRAFT)


def batch_states() -> str:
    return _states(_plain(BATCH_TRANSITIONS), start=BatchState.READY)


def deliveries_by_dispatcher() -> str:
    return _states(_plain(BY_DISPATCHER), start=DeliveryState.QUEUED)


def deliveries_by_events() -> str:
    rows = [
        (f"`{event}`", ", ".join(f"`{state}`" for state in DeliveryState if state in before))
        for event, before in EVIDENCE_BEFORE.items()
    ]
    return table(("The event says", "It takes the place of"), rows)


def delivery_ends() -> str:
    final = ", ".join(f"`{state}`" for state in DeliveryState if state not in OPEN)
    still_open = ", ".join(f"`{state}`" for state in DeliveryState if state in OPEN)
    return f"Open: {still_open}. Final: {final}."


def subscription_states() -> str:
    arrows = [
        (before.value, after.value, act.value)
        for (before, act), after in SUBSCRIPTION_TRANSITIONS.items()
        if before != after
    ]
    rows = [(f"`{state}`", *(_after(state, act) for act in Act)) for state in State]
    whole = table(("State", *(f"{act}" for act in Act)), rows)
    return f"{_diagram(_joined(arrows), start=State.PENDING)}\n\n{whole}"


def _after(state: State, act: Act) -> str:
    after = SUBSCRIPTION_TRANSITIONS.get((state, act))
    if after is None:
        return "refused"
    return "–" if after == state else f"`{after}`"


def _plain(transitions: Mapping[Any, frozenset[Any]]) -> list[Arrow]:
    return [
        (before.value, after, "")
        for before, reached in transitions.items()
        for after in sorted(state.value for state in reached)
    ]


def _joined(arrows: list[Arrow]) -> list[Arrow]:
    """One arrow between two states, with all that leads along it."""
    acts: dict[tuple[str, str], list[str]] = {}
    for before, after, act in arrows:
        acts.setdefault((before, after), []).append(act)
    return [(before, after, ", ".join(what)) for (before, after), what in acts.items()]


def _states(arrows: list[Arrow], *, start: str) -> str:
    reached: dict[str, list[str]] = {}
    for before, after, _ in arrows:
        reached.setdefault(before, []).append(f"`{after}`")
    rows = [(f"`{before}`", ", ".join(after)) for before, after in reached.items()]
    return f"{_diagram(arrows, start=start)}\n\n{table(('From', 'To'), rows)}"


def _diagram(arrows: list[Arrow], *, start: str) -> str:
    lines = [f"    {a} --> {b}" + (f" : {label}" if label else "") for a, b, label in arrows]
    return "\n".join(("```mermaid", "stateDiagram-v2", f"    [*] --> {start}", *lines, "```"))


def table(head: tuple[str, ...], rows: list[Any]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "edition-states": edition_states,
    "batch-states": batch_states,
    "deliveries-by-dispatcher": deliveries_by_dispatcher,
    "deliveries-by-events": deliveries_by_events,
    "delivery-ends": delivery_ends,
    "subscription-states": subscription_states,
}


def main() -> None:
    for page in pages():
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
