"""Draws the pictures of every kind of section anew: `.venv/bin/python docs/screenshots.py`.

They show tests/emails/everything.yaml on a desktop, in dark mode, on a phone, and without any style.
It needs Chromium, and writes docs/images/kinds-*.png.
"""  # noqa: INP001 - a script beside the pictures that it draws, not a package

import re
from pathlib import Path

from playwright.sync_api import Browser, Route, sync_playwright

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.issue_files import load_issue

HERE = Path(__file__).parent
EVERYTHING = HERE.parent / "tests" / "emails" / "everything.yaml"
CHROMIUM = "/usr/bin/chromium"
# Name -> width in CSS pixels, colour scheme, whether styles are kept.
VIEWS = {
    "desktop": (720, "light", True),
    "dark": (720, "dark", True),
    "phone": (375, "light", True),
    "no-styles": (720, "light", False),
}
HEIGHT = 2200
SCALE = 0.6
_STYLES = re.compile(r"<style.*?</style>| style=(?:\"[^\"]*\"|'[^']*')", re.DOTALL)
_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1152" height="480">'
    '<rect width="1152" height="480" fill="#8aa6a3"/>'
    '<rect y="300" width="1152" height="180" fill="#3c5a66"/></svg>'
)


def draw(browser: Browser, html: str, name: str) -> None:
    width, scheme, styled = VIEWS[name]
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=SCALE,
    )
    page = context.new_page()
    page.route("**/*", _answer)
    page.set_content(html if styled else _STYLES.sub("", html))
    page.screenshot(path=HERE / "images" / f"kinds-{name}.png")
    context.close()


def _answer(route: Route) -> None:
    """A harbour for every picture: nothing is fetched."""
    route.fulfill(body=_PICTURE, content_type="image/svg+xml")


def main() -> None:
    issue = load_issue(EVERYTHING).issue
    html = compose(issue, Brand.default(), addresses=Addresses.sample()).html
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for name in VIEWS:
            draw(browser, html, name)
        browser.close()


if __name__ == "__main__":
    main()
