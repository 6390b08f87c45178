"""The report for a terminal: tables where there is one, plain lines of the same words elsewhere."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from newsletter.reports.report import EditionReport

TOP_LINKS = 10
TOP_REASONS = 10
NOT_REPORTED = ("not known", "this provider reports nothing after taking the mail")
NOT_READ = ("not known", "mail that comes back is not read: see BOUNCE_ADDRESS")
Row = Sequence[str]


def render(report: EditionReport, console: Console) -> None:
    """Print the report."""
    console.print(f"[bold]{escape(report.title or report.edition)}[/bold]", highlight=False)
    console.print(f"Edition {report.edition}, {report.status}", highlight=False)
    _table(console, "Delivery", ("", "count", "share"), _delivery(report))
    _table(console, "Bounces", ("kind", "reason", "count"), _bounces(report))
    _table(console, "Not taken", ("state", "reason", "count"), _refusals(report))
    _table(console, "Left out since the freeze", ("reason", "count"), _left_out(report))
    _table(console, "Readers", ("", "count", "share"), _reading(report))
    _table(console, "Top links", ("link", "readers", "clicks", "automatic"), _links(report))
    _table(
        console,
        "By mailbox provider",
        ("", "recipients", "delivered", "bounced", "complained", "opened by people"),
        _lanes(report),
    )


def _table(console: Console, title: str, headings: Row, rows: Iterable[Row]) -> None:
    filled = list(rows)
    if not filled:
        return
    if not console.is_terminal:
        _lines(console, title, headings, filled)
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        is_text = number == 0 or heading == "reason"
        table.add_column(heading, justify="left" if is_text else "right", overflow="fold")
    for row in filled:
        table.add_row(*(escape(cell) for cell in row))
    console.print()
    console.print(table)


def _lines(console: Console, title: str, headings: Row, rows: Iterable[Row]) -> None:
    console.print(f"\n{title}", highlight=False)
    for row in rows:
        first, *cells = row
        told = dict(zip(headings[1:], cells, strict=True))
        line = f"  {first}: {_in_words(told)}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _in_words(told: dict[str, str]) -> str:
    """A row's cells as one reads them: `5 (62.5%)`, `1, 5.1.1 no such user`, `2 readers, 4 clicks`."""
    count, share, reason = (told.pop(heading, "") for heading in ("count", "share", "reason"))
    figures = (f"{cell} {heading}" for heading, cell in told.items() if cell)
    return ", ".join(filter(None, [f"{count} ({share})" if share else count, reason, *figures]))


def _delivery(report: EditionReport) -> Iterable[Row]:
    total = report.total
    yield "Recipients", _number(total.recipients), ""
    yield (
        "Sent (accepted by the provider)",
        _number(total.sent),
        _share(total.sent, total.recipients),
    )
    yield from _outcome(report)
    rest = {
        "Waiting": total.queued,
        "Unsure": total.unsure,
        "Assumed sent": total.assumed,
        "Refused by the provider": total.refused,
        "Failed after every attempt": total.failed,
        "Not sent by its time limit": total.expired,
        "Left out": total.excluded,
        "Cancelled": total.cancelled,
    }
    for name, count in rest.items():
        if count or name == "Unsure":
            yield name, _number(count), _share(count, total.recipients)


def _outcome(report: EditionReport) -> Iterable[Row]:
    """What became of what was sent: no number where nobody tells."""
    total = report.total
    if total.is_reported:
        yield "Delivered", _number(total.delivered), _share(total.delivered, total.sent)
    else:
        yield "Delivered", *NOT_REPORTED
    if report.knows_bounces(total):
        yield "Bounced or dropped", _number(total.bounced), _share(total.bounced, total.sent)
        yield "Complained", _number(total.complained), _share(total.complained, total.delivered)
    else:
        yield "Bounced or complained", *NOT_READ


def _reading(report: EditionReport) -> Iterable[Row]:
    total = report.total
    yield (
        "Opened by people",
        _number(total.opens_people),
        _share(total.opens_people, total.delivered),
    )
    yield "Opened automatically", _number(total.opens_machine), ""
    if report.counted_opens.people or report.counted_opens.machine:
        yield "Opens only counted, by people", _number(report.counted_opens.people), ""
        yield "Opens only counted, automatic", _number(report.counted_opens.machine), ""
    yield (
        "Readers who clicked",
        _number(total.click_readers),
        _share(total.click_readers, total.delivered),
    )
    yield "Clicks by people", _number(report.clicks), ""
    yield "Clicks, automatic", _number(report.clicks_machine), ""
    yield "Unsubscribed", _number(total.unsubscribed), _share(total.unsubscribed, total.delivered)


def _links(report: EditionReport) -> Iterable[Row]:
    ranked = sorted(report.links, key=lambda link: (-link.named.readers, -link.people, link.number))
    for link in ranked[:TOP_LINKS]:
        if link.people or link.machine:
            label = f"{link.number} {link.label or link.url}"
            yield label, _number(link.named.readers), _number(link.people), _number(link.machine)


def _lanes(report: EditionReport) -> Iterable[Row]:
    for lane, figures in report.lanes.items():
        bounces_known = report.knows_bounces(figures)
        yield (
            lane,
            _number(figures.recipients),
            _number(figures.delivered) if figures.is_reported else "",
            _number(figures.bounced) if bounces_known else "",
            _number(figures.complained) if bounces_known else "",
            _number(figures.opens_people),
        )


def _bounces(report: EditionReport) -> Iterable[Row]:
    for bounce in report.bounces:
        yield bounce.kind, bounce.reason, _number(bounce.count)


def _refusals(report: EditionReport) -> Iterable[Row]:
    for refusal in report.refusals[:TOP_REASONS]:
        yield refusal.kind, refusal.reason, _number(refusal.count)


def _left_out(report: EditionReport) -> Iterable[Row]:
    for exclusion in report.exclusions:
        yield exclusion.reason, _number(exclusion.count)


def _number(count: int) -> str:
    return f"{count:,}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
