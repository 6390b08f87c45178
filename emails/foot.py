"""A brand's own lines in the foot of its mails. Template filters."""

from markupsafe import Markup

from emails.richtext import read_inline

_BREAK = Markup("<br/>")


def footer_lines(footer: str) -> Markup:
    """Markdown, line by line. Its links are the mail's own, and lead straight where they say."""
    lines = footer.strip().splitlines()
    return _BREAK.join(Markup(read_inline(line).html(str)) for line in lines)  # noqa: S704


def plain_footer_lines(footer: str) -> list[str]:
    """The same as text, each link's address behind it."""
    return [read_inline(line).line(_behind) for line in footer.strip().splitlines()]


def _behind(url: str) -> str:
    return f" ({url})"


FILTERS = {"footer_lines": footer_lines, "plain_footer_lines": plain_footer_lines}
