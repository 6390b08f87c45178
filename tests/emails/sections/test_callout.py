from collections.abc import Callable
from typing import Any

Show = Callable[..., Any]


def test_a_callout_has_its_heading_within_the_box(show: Show) -> None:
    shown = show(kind="callout", heading="Mind the date", body="We pause for **two weeks**.")
    box = shown.mail.split('class="box"')[1]
    assert '<h2 class="box-title" id="mind-the-date">Mind the date</h2>' in box
    assert "<strong>two weeks</strong>" in box
    assert "MIND THE DATE\n-------------\n\nWe pause for two weeks." in shown.text
    assert '<h2 id="mind-the-date-heading">Mind the date</h2>' in shown.web
    assert '<div class="callout"><p>We pause' in shown.web


def test_a_callout_shows_its_further_link_once(show: Show) -> None:
    more = {"label": "Read on", "url": "https://a.example/"}
    shown = show(kind="callout", body="B", heading="H", more=more)
    assert shown.mail.count("Read on") == 1
    assert "Read on [1]" in shown.text


def test_a_callout_without_a_body_is_left_out(show: Show) -> None:
    assert "Mind" not in show(kind="callout", heading="Mind").text
