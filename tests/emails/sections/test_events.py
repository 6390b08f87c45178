from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

Show = Callable[..., Any]
EVENT = {
    "title": "Harbour day",
    "date": "2026-12-03",
    "until": "2026-12-05",
    "time": "from 10:00",
    "place": "Exampletown",
    "online": True,
    "url": "https://a.example/day",
    "summary": "Bring *boots*.",
}


def test_an_event_says_when_what_and_where(show: Show) -> None:
    shown = show(kind="events", heading="Dates", items=[EVENT])
    for form in (shown.mail, shown.web):
        assert "3–5 December 2026" in form
        assert "from 10:00" in form
        assert "Harbour day</a>" in form
        assert "Exampletown · online" in form
        assert "Bring <em>boots</em>." in form
    assert (
        "* 3–5 December 2026, from 10:00\n  Harbour day [1]\n  Exampletown · online\n  Bring boots."
    ) in shown.text
    assert '<time datetime="2026-12-03">' in shown.web


def test_an_event_needs_no_more_than_title_and_date(show: Show) -> None:
    shown = show(kind="events", items=[{"title": "Bare", "date": "2026-12-03"}], language="de")
    assert "3. Dezember 2026" in shown.mail
    assert "* 3. Dezember 2026\n  Bare\n" in shown.text


def test_what_passes_the_limit_is_counted(show: Show) -> None:
    shown = show(kind="events", email_limit=1, items=[EVENT, {**EVENT, "title": "Second"}])
    assert "Second" not in shown.mail + shown.text
    assert "1 more on the web" in shown.text
    assert "Second" in shown.web


def test_an_event_does_not_end_before_it_begins(show: Show) -> None:
    with pytest.raises(ValidationError, match="must not be before"):
        show(kind="events", items=[{**EVENT, "until": "2026-12-01"}])


def test_no_events_leave_no_section(show: Show) -> None:
    assert "DATES" not in show(kind="events", heading="Dates").text
