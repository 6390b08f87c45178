"""The small words around an issue's content: dates, facts of an item, names. Template filters."""

import datetime as dt
from collections.abc import Sequence

from emails.issue import Link, Paper, Repository
from emails.tables import Row

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_NAMES_SHOWN = 4
_PERIODS = {"day": "today", "week": "this week", "month": "this month"}
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"}
)


def direction(language: str) -> str:
    """`rtl` or `ltr`, for HTML's dir."""
    return "rtl" if language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT else "ltr"


def long_date(day: dt.date) -> str:
    """21 April 2026, whatever locale the process runs in."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def weekday(day: dt.date) -> str:
    return _WEEKDAYS[day.weekday()]


def some_names(names: Sequence[str]) -> str:
    """The first few names; the rest as a count."""
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMES_SHOWN - 1])} and {len(names) - _NAMES_SHOWN + 1} others"


def link_facts(link: Link) -> str:
    """What stands beside a headline and its source."""
    facts = (
        link.published and long_date(link.published),
        link.via and f"via {link.via}",
        "paywall" if link.paywall else "",
    )
    return " · ".join(fact for fact in facts if fact)


def fields_of(paper: Paper) -> str:
    """The paper's categories, each once, the first one leading."""
    named = (paper.category, *paper.categories)
    return " · ".join(dict.fromkeys(category for category in named if category))


def change(row: Row) -> str:
    """What happened to a row since the last edition: ▲2, ▼1, new, or nothing."""
    if row.new:
        return "new"
    if not row.moved:
        return ""
    return f"{'▲' if row.moved > 0 else '▼'}{abs(row.moved)}"


def stars(repository: Repository) -> str:
    return "" if repository.stars is None else f"★ {repository.stars:,}"


def gain(repository: Repository) -> str:
    """+210 today; nothing for a repository that gained none."""
    if not repository.stars_gained:
        return ""
    period = _PERIODS.get(repository.period or "", "")
    return f"{repository.stars_gained:+,} {period}".strip()


FILTERS = {
    "change": change,
    "fields_of": fields_of,
    "gain": gain,
    "link_facts": link_facts,
    "long_date": long_date,
    "some_names": some_names,
    "stars": stars,
}
