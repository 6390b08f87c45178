from typing import Any

import pytest

from emails.issue import Issue
from emails.repeats import repeated_since, repeated_within, story_address

A = {"title": "A headline", "url": "https://a.example/1"}


def issue(
    *items: dict[str, Any], kind: str = "links", date: str = "2026-11-22", title: str = "T"
) -> Issue:
    return Issue.model_validate(
        {"date": date, "title": title, "sections": [{"kind": kind, "items": list(items)}]}
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/1",
        "https://www.A.example/1/",
        "https://a.example/1#part",
        "https://a.example/1?utm_source=x&utm_medium=y",
    ],
)
def test_one_story_has_many_addresses(url: str) -> None:
    assert story_address(url) == story_address("https://a.example/1")


@pytest.mark.parametrize(
    "url", ["https://a.example/2", "https://b.a.example/1", "https://a.example/1?id=2"]
)
def test_another_story_has_another_address(url: str) -> None:
    assert story_address(url) != story_address("https://a.example/1")


def test_a_headline_that_stands_twice_is_told_with_both_places() -> None:
    found = list(repeated_within(issue(A, {"title": "“A” Headline!", "url": "https://b.example/"})))
    assert [(one.code, one.field) for one in found] == [
        ("duplicate-headline", "sections[0].items[1].title")
    ]
    assert "sections[0].items[0]" in found[0].message


def test_a_story_that_is_linked_twice_is_told() -> None:
    found = list(repeated_within(issue(A, {"title": "Other", "url": "http://a.example/1/"})))
    assert [(one.code, one.field) for one in found] == [
        ("duplicate-link", "sections[0].items[1].url")
    ]


@pytest.mark.parametrize("kind", ["links", "papers"])
def test_what_an_earlier_edition_had_is_told_with_its_latest_date(kind: str) -> None:
    today = issue(A, {"title": "New", "url": "https://a.example/2"}, kind=kind)
    past = [issue(A, kind=kind, date=day, title=day) for day in ("2026-11-20", "2026-11-18")]
    found = list(repeated_since(today, past))
    assert [(one.code, one.field) for one in found] == [
        ("repeated-link", "sections[0].items[0].url")
    ]
    assert "20 November 2026" in found[0].message


def test_a_headline_under_another_address_is_told_too() -> None:
    past = issue({**A, "url": "https://b.example/"}, date="2026-11-20", title="Before")
    assert [one.code for one in repeated_since(issue(A), [past])] == ["repeated-headline"]


def test_a_title_that_was_used_before_is_told() -> None:
    past = issue(date="2026-11-20", title="t!")
    assert [one.field for one in repeated_since(issue(), [past])] == ["title"]


def test_papers_without_an_address_and_editions_without_a_title_repeat_nothing() -> None:
    past = Issue.model_validate(
        {"date": "2026-11-20", "sections": [{"kind": "papers", "items": [{"title": "Old"}]}]}
    )
    assert list(repeated_since(issue({"title": "New"}, kind="papers"), [past])) == []
