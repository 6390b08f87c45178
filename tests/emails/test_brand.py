import pytest
from pydantic import ValidationError

from emails.addresses import Addresses
from emails.brand import Brand, Colours, Palette, SocialLink, contrast
from emails.composer import compose
from emails.issue import Issue
from emails.notices import compose_notice

SECTION = {"kind": "links", "items": [{"title": "T", "url": "https://a.example/"}]}


def test_the_default_brand_is_whole() -> None:
    brand = Brand.default()
    assert brand.postal_address
    assert Brand.model_validate(brand.model_dump(mode="json")) == brand


def test_brands_can_be_looked_up_by_what_they_say() -> None:
    assert hash(Brand.default()) == hash(Brand.default())


@pytest.mark.parametrize(("written", "kept"), [("#ABC", "#aabbcc"), (" #A0b1C2 ", "#a0b1c2")])
def test_a_colour_is_kept_in_six_digits(written: str, kept: str) -> None:
    assert Palette(accent=written).accent == kept


@pytest.mark.parametrize(
    "colour", ["red", "#12", "#12345g", "#fff;}body{display:none", "#ffffff\n}"]
)
def test_what_is_no_colour_cannot_get_into_the_stylesheet(colour: str) -> None:
    with pytest.raises(ValidationError, match="is no colour"):
        Palette(accent=colour)


@pytest.mark.parametrize("logo", ["javascript:alert(1)", 'https://x.example/"onload', "logo.png"])
def test_a_logo_is_a_web_address(logo: str) -> None:
    with pytest.raises(ValidationError, match="is no web address"):
        Brand(name="N", sender="a@example.org", logo=logo)


def test_a_sender_cannot_hold_a_line_break() -> None:
    with pytest.raises(ValidationError, match="one line"):
        Brand(name="N", sender="a@example.org\r\nBcc: b@example.org")


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="colors"):
        Brand.model_validate({"name": "N", "sender": "a@example.org", "colors": {}})


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)],
)
def test_contrast_is_wcags(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("palette", [Colours().light, Colours().dark])
def test_the_default_colours_can_be_read_everywhere(palette: Palette) -> None:
    grounds = (palette.paper, palette.card)
    for text in (palette.ink, palette.soft, palette.accent):
        assert min(contrast(text, ground) for ground in grounds) >= 4.5
    assert contrast(palette.soft, palette.canvas) >= 4.5


def test_a_brand_changes_fonts_and_foot_without_touching_a_template() -> None:
    brand = Brand.model_validate(
        {
            **Brand.default().model_dump(),
            "heading_font": "verdana",
            "footer": "Registered in *Exampletown*.\n[Imprint](https://n.example/imprint) <b>",
            "social": [{"label": "Mastodon", "url": "https://social.example/@n"}],
        }
    )
    issue = Issue.model_validate({"date": "2026-11-22", "title": "T", "sections": [SECTION]})
    mail = compose(issue, brand, addresses=Addresses.sample())
    assert "Verdana, Geneva" in mail.html
    assert "Registered in <em>Exampletown</em>.<br>" in mail.html
    assert "&lt;b&gt;" in mail.html
    assert 'href="https://social.example/@n"' in mail.html
    assert "Registered in Exampletown.\nImprint (https://n.example/imprint) <b>\n" in mail.text
    assert "Mastodon: https://social.example/@n" in mail.text
    assert len(mail.links) == 1  # the foot's own are not counted


def test_a_notice_has_the_brands_foot_too() -> None:
    brand = Brand.default().model_copy(update={"footer": "Registered in Exampletown."})
    notice = compose_notice("confirm", brand, url="https://n.example/confirm/x")
    assert "Registered in Exampletown." in notice.html
    assert "Registered in Exampletown." in notice.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "social.example", 'https://a.example/"'])
def test_a_social_link_is_a_web_address(url: str) -> None:
    with pytest.raises(ValidationError, match="no web address"):
        SocialLink(label="S", url=url)
