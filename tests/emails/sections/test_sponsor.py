from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

Show = Callable[..., Any]
SPONSOR = {
    "kind": "sponsor",
    "name": "Tidegauge",
    "heading": "Know the water",
    "body": "Gauges that *last*.",
    "url": "https://tidegauge.example/",
    "label": "See the gauges",
}


def test_what_is_paid_for_says_so_before_anything_else(show: Show) -> None:
    shown = show(**SPONSOR)
    for form in (shown.mail.split('class="framed"')[1], shown.web):
        assert form.index("Advertisement · Tidegauge") < form.index("Know the water")
        assert form.index("Know the water") < form.index("Gauges that <em>last</em>.")
    assert "--- ADVERTISEMENT · Tidegauge ---\n\nKnow the water\n\nGauges that last." in shown.text
    assert "→ See the gauges [1]" in shown.text


def test_the_label_is_in_the_readers_language(show: Show) -> None:
    shown = show(**SPONSOR, language="de")
    assert "Anzeige · Tidegauge" in shown.mail
    assert 'aria-label="Anzeige: Tidegauge"' in shown.web


def test_the_web_tells_search_engines_too(show: Show) -> None:
    assert 'rel="sponsored" href="https://tidegauge.example/"' in show(**SPONSOR).web


def test_an_image_leads_where_the_button_does(show: Show) -> None:
    shown = show(**SPONSOR, image="https://tidegauge.example/i.png", alt="A gauge")
    assert shown.mail.count("/c/1/") == 2
    assert 'alt="A gauge"' in shown.mail
    assert 'alt="A gauge"' in shown.web


def test_an_image_needs_its_alt_text(show: Show) -> None:
    with pytest.raises(ValidationError, match="say what the image shows"):
        show(**SPONSOR, image="https://tidegauge.example/i.png")


def test_a_sponsor_without_a_message_is_left_out(show: Show) -> None:
    assert "Tidegauge" not in show(kind="sponsor", name="Tidegauge").text
