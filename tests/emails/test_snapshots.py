"""What composing gives for the sample editions and for one with everything, kept to be looked at.

A change of templates shows as a diff of tests/emails/snapshots. To renew them, and then to read
that diff before committing it:

    NEWSLETTER_RENEW_SNAPSHOTS=1 .venv/bin/python -m pytest tests/emails/test_snapshots.py
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emails.addresses import Addresses
from emails.brand import Brand
from emails.composer import compose
from emails.composition import Composition
from emails.issue import Issue
from emails.issue_files import load_issue
from emails.slots import fill
from emails.web import render_web
from newsletter.sandbox.samples import PUBLICATION, sample_editions

HERE = Path(__file__).parent
RENEW = bool(os.environ.get("NEWSLETTER_RENEW_SNAPSHOTS"))
BRAND = Brand.model_validate(
    {name: value for name, value in PUBLICATION.items() if name in Brand.model_fields}
)
SAMPLES = [edition.issue for edition in sample_editions()]
EVERYTHING = load_issue(HERE / "everything.yaml").issue
ISSUES = {
    **{f"{issue.date}": (issue, SAMPLES[:at][::-1]) for at, issue in enumerate(SAMPLES)},
    "everything": (EVERYTHING, []),
}


def filled(composition: Composition, part: str) -> str:
    return fill(part, composition.slots, composition.values("TOKEN"))


def lines(html: str) -> str:
    """HTML with a line for each block, so that a diff shows what changed."""
    for tag in ("<table", "<tr", "<td", "<div", "<p", "<h1", "<h2", "<h3", "<li", "<!--[if"):
        html = html.replace(tag, f"\n{tag}")
    return html


FORMS: dict[str, Callable[[Composition, Issue], str]] = {
    "mjml": lambda mail, _issue: filled(mail, mail.mjml),
    "html": lambda mail, _issue: lines(filled(mail, mail.html)),
    "txt": lambda mail, _issue: filled(mail, mail.text),
    "web.html": lambda _mail, issue: render_web(issue, BRAND, addresses=Addresses.sample()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ISSUES)
def test_composing_gives_what_was_looked_at(name: str, form: str) -> None:
    issue, earlier = ISSUES[name]
    mail = compose(issue, BRAND, addresses=Addresses.sample(), earlier=earlier)
    given = FORMS[form](mail, issue).rstrip("\n") + "\n"
    snapshot = HERE / "snapshots" / f"{name}.{form}"
    if RENEW:
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(given, "utf-8")
    assert given == snapshot.read_text("utf-8"), "see the top of this file"


@pytest.mark.skipif(RENEW, reason="the others are writing them")
def test_every_snapshot_is_of_something_that_is_still_composed() -> None:
    there = {path.name for path in (HERE / "snapshots").iterdir()}
    assert there == {f"{name}.{form}" for name in ISSUES for form in FORMS}
