"""Draws the pictures of mails anew: `.venv/bin/python docs/screenshots.py`.

docs/images/kinds-*.png show tests/emails/everything.yaml, edition-*.png the latest sample edition:
on a desktop, in dark mode, on a phone, and without any style. edition.png, at the top of the
README, shows three of them side by side. It needs Chromium.
"""  # noqa: INP001 - a script beside the pictures that it draws, not a package

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Route, sync_playwright

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.issue_files import load_issue
from newsletter.sandbox.samples import PUBLICATION, sample_editions

HERE = Path(__file__).parent
IMAGES = HERE / "images"
EVERYTHING = HERE.parent / "tests" / "emails" / "everything.yaml"
CHROMIUM = "/usr/bin/chromium"
_STYLES = re.compile(r"<style.*?</style>| style=(?:\"[^\"]*\"|'[^']*')", re.DOTALL)
_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1152" height="480">'
    '<rect width="1152" height="480" fill="#8aa6a3"/>'
    '<rect y="300" width="1152" height="180" fill="#3c5a66"/></svg>'
)


@dataclass(frozen=True)
class View:
    """How a mail is looked at; `width` and `height` are in CSS pixels, `top` is scrolled away."""

    width: int
    height: int = 2200
    dark: bool = False
    styled: bool = True
    scale: float = 0.6
    top: int = 0


VIEWS = {
    "desktop": View(720),
    "dark": View(720, dark=True),
    "phone": View(375),
    "no-styles": View(720, styled=False),
}
SIDE_BY_SIDE = (
    View(700, 800, scale=2),
    View(390, 800, scale=2),
    View(700, 800, dark=True, scale=2, top=1700),
)
_PAGE = """<body style="margin:0;background:#cdc6b8"><div style="display:flex;gap:20px;padding:20px">
{pictures}</div></body>"""
_FRAMED = """<img src="data:image/png;base64,{octets}" width="{width}"
style="display:block;border-radius:6px;box-shadow:0 2px 12px #0005">"""


def picture(browser: Browser, html: str, view: View) -> bytes:
    """A PNG of a mail."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme="dark" if view.dark else "light",
        device_scale_factor=view.scale,
    )
    page = context.new_page()
    page.route("**/*", _answer)
    page.set_content(html if view.styled else _STYLES.sub("", html))
    page.evaluate("top => scrollTo(0, top)", view.top)
    png = page.screenshot()
    context.close()
    return png


def _answer(route: Route) -> None:
    """A harbour for every picture: nothing is fetched."""
    route.fulfill(body=_PICTURE, content_type="image/svg+xml")


def side_by_side(browser: Browser, html: str) -> bytes:
    """One PNG of the mail in each of SIDE_BY_SIDE."""
    framed = [
        _FRAMED.format(
            octets=base64.b64encode(picture(browser, html, view)).decode("ascii"), width=view.width
        )
        for view in SIDE_BY_SIDE
    ]
    width = sum(view.width for view in SIDE_BY_SIDE) + 20 * (len(SIDE_BY_SIDE) + 1)
    page = browser.new_page(
        viewport={"width": width, "height": SIDE_BY_SIDE[0].height + 40}, device_scale_factor=0.6
    )
    page.set_content(_PAGE.format(pictures="".join(framed)))
    png = page.screenshot()
    page.close()
    return png


def mails() -> dict[str, str]:
    """The HTML of what is drawn, by the name of its pictures."""
    brand = Brand.model_validate(
        {name: value for name, value in PUBLICATION.items() if name in Brand.model_fields}
    )
    *earlier, latest = [edition.issue for edition in sample_editions()]
    addresses = Addresses.sample()
    everything = load_issue(EVERYTHING).issue
    return {
        "kinds": compose(everything, Brand.default(), addresses=addresses).html,
        "edition": compose(latest, brand, addresses=addresses, earlier=earlier).html,
    }


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        drawn = mails()
        for mail, html in drawn.items():
            for name, view in VIEWS.items():
                (IMAGES / f"{mail}-{name}.png").write_bytes(picture(browser, html, view))
        (IMAGES / "edition.png").write_bytes(side_by_side(browser, drawn["edition"]))
        browser.close()


if __name__ == "__main__":
    main()
