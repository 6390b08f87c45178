import datetime as dt
import re
import string
from dataclasses import fields

import pytest

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.issue import Issue, Repository
from emails.languages import ENGLISH, LANGUAGES, Words
from emails.tables import Row
from emails.wording import (
    change,
    day_range,
    direction,
    full_date,
    gain,
    long_date,
    some_names,
    spoken_change,
    stars,
    words_for,
)

DAY = dt.date(2026, 3, 1)
SECTIONS = [
    {
        "kind": "links",
        "email_limit": 1,
        "items": [{"title": "T", "url": f"https://a.example/{n}", "paywall": True} for n in (1, 2)],
    },
    {
        "kind": "repositories",
        "items": [
            {"name": "r", "url": "https://a.example/r", "stars": 1234, "stars_gained": 9}
            | {"period": "day"}
        ],
    },
    {"kind": "papers", "items": [{"title": "P", "abstract": "So it goes. " * 60}]},
]

OWN = frozenset(
    {"View online", "Unsubscribe", "Preferences", "March 2026", "more on the web", "Read"}
    | {"You receive", "Correction ", "No. ", "By Ada", "paywall", "today"}
)


@pytest.mark.parametrize(
    ("language", "date", "full"),
    [
        ("en", "1 March 2026", "Sunday, 1 March 2026"),
        ("de", "1. März 2026", "Sonntag, 1. März 2026"),
        ("fr", "1er mars 2026", "Dimanche 1er mars 2026"),
        ("es", "1 de marzo de 2026", "Domingo, 1 de marzo de 2026"),
        ("it", "1º marzo 2026", "Domenica 1º marzo 2026"),
        ("pt-BR", "1º de março de 2026", "Domingo, 1º de março de 2026"),
        ("nl", "1 maart 2026", "Zondag 1 maart 2026"),
        ("ja", "1 March 2026", "Sunday, 1 March 2026"),
    ],
)
def test_dates_are_written_as_the_language_writes_them(language: str, date: str, full: str) -> None:
    assert long_date(DAY, words_for(language)) == date
    assert full_date(DAY, words_for(language)) == full


@pytest.mark.parametrize("name", [field.name for field in fields(Words)])
def test_every_language_fills_in_what_english_does(name: str) -> None:
    def holes(words: Words) -> set[str | None]:
        phrase = getattr(words, name)
        return {hole for _, hole, _, _ in string.Formatter().parse("".join(phrase))} - {None}

    assert all(holes(words) == holes(ENGLISH) for words in LANGUAGES.values())


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=LANGUAGES)
def test_the_year_has_twelve_months_and_the_week_seven_days(words: Words) -> None:
    assert (len(set(words.months)), len(set(words.weekdays))) == (12, 7)


@pytest.mark.parametrize(
    ("last", "shown"),
    [
        (None, "3. Dezember 2026"),
        (dt.date(2026, 12, 3), "3. Dezember 2026"),
        (dt.date(2026, 12, 5), "3.–5. Dezember 2026"),
        (dt.date(2027, 1, 2), "3. Dezember 2026 – 2. Januar 2027"),
    ],
)
def test_a_range_of_days_names_its_month_once(last: dt.date | None, shown: str) -> None:
    assert day_range(dt.date(2026, 12, 3), last, words_for("de")) == shown


def test_numbers_are_grouped_as_the_language_groups_them() -> None:
    repository = Repository.model_validate(
        {"name": "r", "url": "https://a.example/", "stars": 12345, "stars_gained": -1000}
        | {"period": "week"}
    )
    assert stars(repository, words_for("de")) == "★ 12.345"
    assert gain(repository, words_for("fr")) == "−1\u202f000 cette semaine"


def test_many_names_are_counted_in_the_language() -> None:
    assert some_names(list("ABCDE"), words_for("es")) == "A, B, C y 2 más"


def test_a_change_of_rank_can_be_listened_to() -> None:
    assert spoken_change(Row(1, "A", (), moved=2)) == "up 2"
    assert spoken_change(Row(1, "A", (), moved=-1), words_for("de")) == "1 abwärts"
    assert change(Row(1, "A", (), new=True), words_for("it")) == "nuovo"
    assert spoken_change(Row(1, "A", (), moved=0)) == ""


def test_direction_follows_the_languages_first_part() -> None:
    assert (direction("he-IL"), direction("de")) == ("rtl", "ltr")


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_a_mail_says_none_of_its_own_words_in_english(language: str) -> None:
    issue = Issue.model_validate(
        {"date": "2026-03-22", "language": language, "sections": SECTIONS, "title": "T"}
        | {"number": 7, "authors": ["Ada"], "corrections": [{"edition": "2026-03-20", "text": "X"}]}
    )
    brand = Brand.default()
    mail = compose(issue, brand, addresses=Addresses.sample())
    assert f'lang="{language}"' in mail.html
    shared = {phrase for phrase in OWN if phrase in "".join(map(str, phrases_of(language)))}
    for phrase in OWN - shared:
        assert phrase not in mail.text
        assert not re.search(rf">[^<]*{re.escape(phrase)}", mail.html)


def test_english_in_a_mail_of_another_language_is_marked_as_such() -> None:
    issue = Issue.model_validate({"date": "2026-03-22", "language": "he", "sections": SECTIONS})
    html = compose(issue, Brand.default(), addresses=Addresses.sample()).html
    for phrase in ("Sunday, 22 March 2026", "You receive this mail", "1 more on the web"):
        element = html[: html.index(phrase)].rpartition("<")[2]
        assert 'lang="en"' in element
        assert 'dir="ltr"' in element
    issue = issue.model_copy(update={"language": "de"})
    assert 'lang="en"' not in compose(issue, Brand.default(), addresses=Addresses.sample()).html


def phrases_of(language: str) -> list[object]:
    return [getattr(words_for(language), field.name) for field in fields(Words)]
