import pytest

from emails.errors import CompositionError
from emails.link_book import LinkBook

CLICK = "https://newsletter.example/c/{number}/t"


def test_links_are_numbered_as_they_appear_and_the_same_url_keeps_its_number() -> None:
    book = LinkBook(CLICK)
    first = book.href("https://a.example/", "A")
    assert first == "https://newsletter.example/c/1/t"
    assert book.href("https://b.example/", "B") == "https://newsletter.example/c/2/t"
    assert book.href("https://a.example/", "again") == first
    assert [(link.number, link.url, link.label) for link in book.links] == [
        (1, "https://a.example/", "A"),
        (2, "https://b.example/", "B"),
    ]


def test_the_first_label_that_there_is_names_the_link() -> None:
    book = LinkBook(CLICK)
    book.href("https://a.example/")
    book.href("https://a.example/", "A")
    assert book.links[0].label == "A"


def test_without_tracking_links_are_plain_and_still_numbered() -> None:
    book = LinkBook(None)
    assert book.href("https://a.example/?x=1&y=2") == "https://a.example/?x=1&y=2"
    assert book.number("https://a.example/?x=1&y=2") == 1


@pytest.mark.parametrize("address", ["mailto:a@example.org", "#anchor"])
def test_what_no_redirect_can_lead_to_is_not_tracked(address: str) -> None:
    book = LinkBook(CLICK)
    assert book.href(address) == address
    assert book.number(address) is None
    assert book.links == ()


def test_numbers_that_were_given_before_are_kept() -> None:
    book = LinkBook(CLICK, {"https://a.example/": 7})
    assert book.href("https://a.example/") == "https://newsletter.example/c/7/t"


def test_a_url_without_a_number_is_an_error() -> None:
    with pytest.raises(CompositionError, match=r"https://b\.example/ has no number"):
        LinkBook(CLICK, {"https://a.example/": 7}).href("https://b.example/")
