from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

Show = Callable[..., Any]


def test_a_button_leads_where_it_says_and_is_counted(show: Show) -> None:
    shown = show(kind="button", label="Take part", url="https://a.example/form")
    assert '<td class="push"' in shown.mail
    assert ">Take part</a>" in shown.mail
    assert "→ Take part [1]" in shown.text
    assert '<a class="button" href="https://a.example/form">Take part</a>' in shown.web
    assert shown.composition.links[0].label == "Take part"


def test_outlook_gets_the_buttons_room_too(show: Show) -> None:
    html = show(kind="button", label="L", url="https://a.example/").composition.html
    assert "mso-padding-alt:11px 24px" in html


@pytest.mark.parametrize("missing", ["label", "url"])
def test_a_button_needs_label_and_address(show: Show, missing: str) -> None:
    fields = {"label": "L", "url": "https://a.example/"}
    del fields[missing]
    with pytest.raises(ValidationError, match=missing):
        show(kind="button", **fields)
