from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from emails.issue_files import IssueFileError, parse_issue

Show = Callable[..., Any]
IMAGE = {"kind": "image", "src": "https://a.example/i.png", "alt": "A harbour"}


def test_an_image_has_alt_text_width_caption_and_credit(show: Show) -> None:
    shown = show(
        **IMAGE, width=480, caption="At *dawn*.", credit="Ada", credit_url="https://ada.example/"
    )
    assert 'alt="A harbour" width="480"' in shown.mail
    assert "At <em>dawn</em>." in shown.mail
    assert "Image: Ada</a>" in shown.mail
    assert "[A harbour]\nAt dawn.\nImage: Ada [1]" in shown.text
    assert "<figcaption>At <em>dawn</em>." in shown.web


def test_an_image_may_lead_somewhere(show: Show) -> None:
    shown = show(**IMAGE, url="https://a.example/story")
    assert "/c/1/" in shown.mail
    assert "[A harbour] [1]" in shown.text
    assert '<a href="https://a.example/story"><img' in shown.web.replace("\n", "")


def test_an_image_without_caption_is_bare(show: Show) -> None:
    shown = show(**IMAGE)
    assert 'class="caption"' not in shown.mail
    assert "figcaption" not in shown.web


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"alt": None}, "alt"),
        ({"alt": " "}, "alt"),
        ({"src": "mailto:a@example.org"}, "src"),
        ({"src": "data:image/png;base64,AAAA"}, "src"),
        ({"width": 4000}, "width"),
    ],
)
def test_an_image_without_what_it_needs_is_refused(
    show: Show, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError, match=rf"image\.{field}"):
        show(**{**IMAGE, **change})


def test_the_message_names_line_and_field() -> None:
    with pytest.raises(IssueFileError) as refused:
        parse_issue(
            "date: 2026-11-22\nsections:\n- kind: image\n  src: https://a.example/i", name="f"
        )
    assert str(refused.value) == "f:3: sections[0].alt: is missing"
