"""The web page of an edition, made from the same issue: semantic, whole abstracts, anchors."""

from collections.abc import Sequence

from markupsafe import Markup

from emails.addresses import Addresses
from emails.brand import Brand
from emails.issue import Issue
from emails.link_book import LinkBook
from emails.mjml import render_template
from emails.page import Page
from emails.placeholders import asked_of, with_words
from emails.reader import NOBODY
from emails.slots import fill, mint_words


def render_web(
    issue: Issue, brand: Brand, *, addresses: Addresses, earlier: Sequence[Issue] = ()
) -> Markup:
    """An `<article>` for the site's own page template, which brings the CSS.

    Its h1 is the issue's title, else the publication's name. Links are plain, whatever
    `addresses.click` says: nobody is counted on the web. Sections carry the same anchors that the
    mail's "read more" links lead to. Placeholders show their fallbacks.
    """
    asked = asked_of(issue)
    words = mint_words([one.in_markup.name for one in asked], issue.model_dump_json())
    issue = with_words(issue, {one.placeholder: words[one.in_markup.name] for one in asked})
    page = Page(issue, brand, LinkBook(click=None), addresses.view_online, earlier)
    sections = [markup for _, markup in page.sections("web")]
    context = {**page.frame, "sections": sections, "archive": addresses.archive}
    html = render_template("edition.web.j2", context)
    fallbacks = {one.in_markup.name: one.in_markup.value(NOBODY) for one in asked}
    return Markup(fill(html, words, fallbacks))  # noqa: S704 - escaped by Jinja, and above
