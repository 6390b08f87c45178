import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.composition import Composition
from emails.issue import Issue
from emails.web import render_web


@dataclass(frozen=True)
class Shown:
    """One section in every form; the HTML of mail and web without its styles."""

    composition: Composition
    mail: str
    text: str
    web: str


@pytest.fixture(scope="session")
def show() -> Callable[..., Shown]:
    """Compose an issue of a single section: show(kind="quote", text="…", language="de")."""

    def compose_one(*, language: str = "en", **section: Any) -> Shown:
        issue = Issue.model_validate(
            {"date": "2026-11-22", "title": "T", "language": language, "sections": [section]}
        )
        brand, addresses = Brand.default(), Addresses.sample()
        composition = compose(issue, brand, addresses=addresses)
        mail = re.sub(r""" style=("[^"]*"|'[^']*')""", "", composition.html.split("<body", 1)[1])
        web = str(render_web(issue, brand, addresses=addresses))
        return Shown(composition, mail, composition.text, web)

    return compose_one
