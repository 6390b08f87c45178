"""Times are local, in a named zone, and mean one instant."""

import datetime as dt

import pytest

from newsletter.editions.schedule import parse_moment, parse_not_after
from newsletter.errors import EditionError

BERLIN = "Europe/Berlin"


def utc(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T07:00", "2026-11-22 06:00"),
        ("2026-07-01 07:00", "2026-07-01 05:00"),
        ("2026-11-22T07:00+00:00", "2026-11-22 07:00"),
    ],
)
def test_a_local_time_means_one_instant(text: str, instant: str) -> None:
    assert utc(parse_moment(text, BERLIN).at) == instant


def test_a_time_that_summer_time_skips_is_refused_with_the_next_one() -> None:
    with pytest.raises(EditionError, match=r"does not exist in Europe/Berlin.*03:30"):
        parse_moment("2026-03-29T02:30", BERLIN)


def test_a_time_that_comes_twice_is_the_first_and_says_so() -> None:
    moment = parse_moment("2026-10-25T02:30", BERLIN)
    assert moment.ambiguous
    assert utc(moment.at) == "2026-10-25 00:30"
    assert not parse_moment("2026-10-25T03:30", BERLIN).ambiguous


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("at seven", BERLIN, "is not a time"),
        ("2026-11-22", BERLIN, "has no hour: write 2026-11-22T07:00"),
        ("20261122", BERLIN, "has no hour: write 2026-11-22T07:00"),
        ("2026-11-22T07:00", "Mars/Olympus", "no time zone"),
        ("2026-11-22T07:00", "../etc/passwd", "no time zone"),
    ],
)
def test_what_is_no_time_says_how_to_write_one(text: str, zone: str, words: str) -> None:
    with pytest.raises(EditionError, match=words):
        parse_moment(text, zone)


def test_a_limit_counts_from_the_start_or_stands_by_itself() -> None:
    assert parse_not_after("+6h", BERLIN, start=1000.0) == 1000.0 + 6 * 3600
    assert utc(parse_not_after("2026-11-22T12:00", BERLIN, start=1000.0)) == "2026-11-22 11:00"
    with pytest.raises(EditionError, match=r"“\+6” is not a time: write \+6h"):
        parse_not_after("+6", BERLIN, start=1000.0)
    with pytest.raises(EditionError, match="not after the start"):
        parse_not_after("1990-01-01T00:00", BERLIN, start=1e9)
