"""Links and pictures of a mail, as the checks see them."""

from html.parser import HTMLParser

_PIXEL = "1"


class Outline(HTMLParser):
    """What stands in a mail's HTML.

    `links` are (address, words), the alt text of a picture counting as words; `pictures` are
    (source, alt text), the pixel left out.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.pictures: list[tuple[str, str]] = []
        self._address: str | None = None
        self._words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and given.get("width") != _PIXEL:
            alt = (given.get("alt") or "").strip()
            self.pictures.append((given.get("src") or "", alt))
            self._words.append(alt)
        elif tag == "a" and given.get("href"):
            self._address, self._words = given["href"], [given.get("aria-label") or ""]

    def handle_data(self, data: str) -> None:
        if self._address:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._address:
            self.links.append((self._address, " ".join("".join(self._words).split())))
            self._address = None
