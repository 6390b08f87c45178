"""The small words around an issue's content: dates, facts of an item, names. Template filters.

Each takes the issue's language as its table of `Words`.
"""

import datetime as dt
from collections.abc import Sequence

from emails.issue import Link, Paper, Repository
from emails.languages import ENGLISH, LANGUAGES, Words
from emails.sections.events import Event
from emails.tables import Row

_NAMES_SHOWN = 4
_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"}
)


def direction(language: str) -> str:
    """`rtl` or `ltr`, for HTML's dir."""
    return "rtl" if _primary(language) in _RIGHT_TO_LEFT else "ltr"


def words_for(language: str) -> Words:
    """The words of a language tag such as pt-BR; English where there are none."""
    return LANGUAGES.get(_primary(language), ENGLISH)


def own_language(language: str) -> str:
    """The attributes of what is said in English for want of a table; "" where there is one.

    In a mail from right to left they also keep the full stop at its end.
    """
    return "" if _primary(language) in LANGUAGES else ' lang="en" dir="ltr"'


def _primary(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()


# --- Dates


def long_date(day: dt.date, words: Words = ENGLISH) -> str:
    """21 April 2026, whatever locale the process runs in."""
    return _dated(words.first_day if day.day == 1 else str(day.day), day, words)


def full_date(day: dt.date, words: Words = ENGLISH) -> str:
    """Tuesday, 21 April 2026, with a capital to begin a line."""
    named = words.dated.format(weekday=words.weekdays[day.weekday()], date=long_date(day, words))
    return named[0].upper() + named[1:]


def day_range(first: dt.date, last: dt.date | None, words: Words = ENGLISH) -> str:
    """3–5 December 2026; one date where both are the same; both dates in full otherwise."""
    if last is None or last == first:
        return long_date(first, words)
    if (first.year, first.month) == (last.year, last.month):
        return _dated(f"{first.day}{words.day_dash}{last.day}", first, words)
    return f"{long_date(first, words)} – {long_date(last, words)}"


def _dated(day: str, month_of: dt.date, words: Words) -> str:
    return words.date.format(day=day, month=words.months[month_of.month - 1], year=month_of.year)


# --- Facts


def some_names(names: Sequence[str], words: Words = ENGLISH) -> str:
    """The first few names; the rest as a count."""
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    shown = ", ".join(names[: _NAMES_SHOWN - 1])
    return words.others.format(names=shown, count=len(names) - _NAMES_SHOWN + 1)


def link_facts(link: Link, words: Words = ENGLISH) -> str:
    """What stands beside a headline and its source."""
    facts = (
        link.published and long_date(link.published, words),
        link.via and words.via.format(name=link.via),
        words.paywall if link.paywall else "",
    )
    return " · ".join(fact for fact in facts if fact)


def event_place(event: Event, words: Words = ENGLISH) -> str:
    """Where an event takes place, on the web or elsewhere."""
    return " · ".join(filter(None, (event.place, words.online if event.online else "")))


def fields_of(paper: Paper) -> str:
    """The paper's categories, each once, the first one leading."""
    named = (paper.category, *paper.categories)
    return " · ".join(dict.fromkeys(category for category in named if category))


def change(row: Row, words: Words = ENGLISH) -> str:
    """What happened to a row since the last edition: ▲2, ▼1, new, or nothing."""
    if row.new:
        return words.new
    if not row.moved:
        return ""
    return f"{'▲' if row.moved > 0 else '▼'}{abs(row.moved)}"


def spoken_change(row: Row, words: Words = ENGLISH) -> str:
    """The same for those who listen: up 2, down 1, new."""
    if row.new or not row.moved:
        return change(row, words)
    return (words.up if row.moved > 0 else words.down).format(count=abs(row.moved))


def stars(repository: Repository, words: Words = ENGLISH) -> str:
    return "" if repository.stars is None else f"★ {_grouped(repository.stars, words)}"


def gain(repository: Repository, words: Words = ENGLISH) -> str:
    """+210 today; nothing for a repository that gained none."""
    if not repository.stars_gained:
        return ""
    sign = "+" if repository.stars_gained > 0 else "−"
    periods = {"day": words.today, "week": words.this_week, "month": words.this_month}
    gained = f"{sign}{_grouped(abs(repository.stars_gained), words)}"
    return f"{gained} {periods.get(repository.period or '', '')}".strip()


def _grouped(number: int, words: Words) -> str:
    return f"{number:,}".replace(",", words.thousands)


FILTERS = {
    "change": change,
    "day_range": day_range,
    "event_place": event_place,
    "fields_of": fields_of,
    "gain": gain,
    "link_facts": link_facts,
    "long_date": long_date,
    "some_names": some_names,
    "spoken_change": spoken_change,
    "stars": stars,
}
