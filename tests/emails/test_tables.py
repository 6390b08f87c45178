import datetime as dt

from emails.issue import Issue, Table
from emails.tables import view
from emails.wording import change

TABLE = {
    "key": "speed",
    "name": "Speed",
    "columns": ["Model", {"key": "s", "label": "Score", "decimals": 1}],
    "rows": [["A", 9], ["B", 8.55], ["C", None]],
    "ranked": True,
}


def issue(day: str, *rows: list[object]) -> Issue:
    table = {**TABLE, "rows": list(rows)} if rows else TABLE
    section = {"kind": "benchmarks", "tables": [table]}
    return Issue.model_validate({"schema": 1, "date": day, "sections": [section]})


def table() -> Table:
    return Table.model_validate(TABLE)


def test_figures_have_even_decimals_and_missing_ones_a_dash() -> None:
    rows = view(table()).rows
    assert [(row.rank, row.name, row.figures) for row in rows] == [
        (1, "A", ("9.0",)),
        (2, "B", ("8.6",)),
        (3, "C", ("–",)),
    ]


def test_without_an_earlier_table_nothing_has_changed() -> None:
    shown = view(table())
    assert [change(row) for row in shown.rows] == ["", "", ""]
    assert shown.unchanged_since is None


def test_ranks_are_compared_with_the_latest_edition_that_had_the_table() -> None:
    earlier = [
        issue("2026-11-19", ["C", 1], ["B", 2], ["A", 3]),
        issue("2026-11-20", ["B", 9], ["A", 8]),
        Issue.model_validate({"schema": 1, "date": "2026-11-21", "sections": []}),
    ]
    assert [change(row) for row in view(table(), earlier).rows] == ["▲1", "▼1", "new"]


def test_a_table_that_stays_the_same_says_since_when() -> None:
    earlier = [issue("2026-11-20"), issue("2026-11-21"), issue("2026-11-19", ["A", 1])]
    assert view(table(), earlier).unchanged_since == dt.date(2026, 11, 20)


def test_ties_share_their_rank() -> None:
    tied = Table.model_validate({**TABLE, "ranks": [1, 1, 3]})
    assert [row.rank for row in view(tied).rows] == [1, 1, 3]


def test_an_unranked_table_has_no_ranks() -> None:
    assert not view(Table.model_validate({**TABLE, "ranked": False})).ranked
