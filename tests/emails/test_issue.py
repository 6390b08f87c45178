"""The structured issue, apart from files."""

import datetime as dt
import json

import pytest
from pydantic import ValidationError

from emails.issue import (
    KINDS,
    Benchmarks,
    Column,
    Essay,
    Issue,
    Links,
    Paper,
    Papers,
    Table,
    cell_number,
    format_cell,
    is_numeric,
)

DAY = dt.date(2026, 11, 22)


def issue(**fields: object) -> Issue:
    return Issue.model_validate({"date": "2026-11-22", "sections": [], **fields})


def errors(**fields: object) -> dict[tuple[object, ...], str]:
    with pytest.raises(ValidationError) as caught:
        issue(**fields)
    return {error["loc"]: error["type"] for error in caught.value.errors()}


def test_a_dump_reads_back_as_the_same_issue() -> None:
    given = issue(
        slug="evening",
        authors=["Ada Example"],
        x_note={"kept": [1, None]},
        sections=[
            {"kind": "essay", "body": "Text", "topic": "labs"},
            {
                "kind": "benchmarks",
                "tables": [{"key": "k", "name": "K", "columns": ["A", "B"], "rows": [["x", None]]}],
            },
            {"kind": "papers", "items": [{"title": "T", "arxiv": "2604.01230"}]},
        ],
    )

    dumped = json.loads(json.dumps(given.model_dump(mode="json", by_alias=True, exclude_none=True)))

    assert dumped["schema"] == 1
    assert dumped["x_note"] == {"kept": [1, None]}
    assert Issue.model_validate(dumped) == given


def test_sections_are_told_apart_by_kind() -> None:
    given = issue(sections=[{"kind": "essay"}, {"kind": "links"}])

    assert [type(section) for section in given.sections] == [Essay, Links]


def test_an_issue_can_be_made_from_models() -> None:
    given = Issue(date=DAY, sections=(Essay(body="Text"),))

    assert given.sections[0] == Essay(body="Text")


def test_an_issue_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        issue().title = "Other"  # type: ignore[misc]


def test_the_kinds_of_the_contract_are_there() -> None:
    assert {"essay", "text", "links", "papers", "benchmarks", "repositories"} <= set(KINDS)


def test_byline_is_another_word_for_authors() -> None:
    assert issue(byline="Ada Example").authors == ("Ada Example",)
    assert issue(authors=["Ada", "Grace"]).authors == ("Ada", "Grace")


def test_a_second_edition_of_a_day_is_named_by_its_slug() -> None:
    assert issue().name == "2026-11-22"
    assert issue(slug="evening").name == "2026-11-22/evening"


@pytest.mark.parametrize("slug", ["email", "approve", "send", "pause", "resume", "cancel"])
def test_a_slug_is_no_word_of_an_address(slug: str) -> None:
    assert errors(slug=slug) == {("slug",): "reserved_slug"}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("date", "20261122", "bad_date"),
        ("date", "2026-02-30", "bad_date"),
        ("date", 1795305600, "bad_date"),
        ("schema", 2, "bad_schema"),
        ("number", "0", "greater_than"),
        ("language", "no way", "string_pattern_mismatch"),
        ("publication", "Not a slug", "string_pattern_mismatch"),
        ("reply_to", "nobody", "bad_address"),
        ("titel", "x", "unknown_key"),
    ],
)
def test_a_bad_field_is_refused(field: str, value: object, code: str) -> None:
    found = errors(**{field: value})

    assert code in found.values()
    assert len(found) == 1


@pytest.mark.parametrize("address", ["desk@example.org", "The Desk <desk@example.org>"])
def test_replies_go_to_an_address_with_or_without_a_name(address: str) -> None:
    assert issue(reply_to=address).reply_to == address


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "/relative",
        "https://",
        "https://exa mple.org",
        "https://example.org:port/",
        'https://example.org/"onclick',
        "https://[broken",
        "mailto:nobody",
        "https://example.org/" + "a" * 5000,
    ],
)
def test_a_bad_url_is_refused(url: str) -> None:
    found = errors(sections=[{"kind": "links", "items": [{"title": "T", "url": url}]}])

    assert found == {("sections", 0, "links", "items", 0, "url"): "bad_url"}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org:8080/a?b=1&c=%20#d",
        "mailto:desk@example.org?subject=Hi",
        "https://bücher.example/ä",
    ],
)
def test_a_good_url_stays_as_written(url: str) -> None:
    given = issue(sections=[{"kind": "links", "items": [{"title": "T", "url": url}]}])

    section = given.sections[0]
    assert isinstance(section, Links)
    assert section.items[0].url == url


def test_two_sections_cannot_share_an_id() -> None:
    sections = [{"kind": "links", "id": "a"}, {"kind": "text", "id": "a"}]

    assert errors(sections=sections) == {("sections",): "duplicate_id"}


def test_every_section_has_an_anchor_of_its_own() -> None:
    given = issue(
        sections=[
            {"kind": "links", "heading": "AI Labs"},
            {"kind": "text", "heading": "AI Labs"},
            {"kind": "text", "id": "ai-labs-2"},
            {"kind": "essay"},
            {"kind": "text", "heading": "Überblick!"},
        ]
    )

    assert given.anchors() == ("ai-labs", "ai-labs-3", "ai-labs-2", "essay", "überblick")


def test_a_place_to_show_a_section_can_stand_alone() -> None:
    assert issue(sections=[{"kind": "text", "show_in": "web"}]).sections[0].show_in == ("web",)


def test_an_empty_section_that_must_not_be_is_an_error() -> None:
    found = errors(sections=[{"kind": "links", "if_empty": "error"}])

    assert found == {("sections", 0, "links"): "empty_section"}


class TestPapers:
    @pytest.mark.parametrize("number", ["2604.01230", "arXiv:2604.01230", "math.GT/0309136"])
    def test_an_arxiv_number_fills_the_url(self, number: str) -> None:
        paper = Paper(title="T", arxiv=number)

        assert paper.url == "https://arxiv.org/abs/" + number.removeprefix("arXiv:")

    def test_a_doi_fills_the_url_where_there_is_no_arxiv_number(self) -> None:
        paper = Paper(title="T", doi="https://doi.org/10.1000/182")

        assert paper.doi == "10.1000/182"
        assert paper.url == "https://doi.org/10.1000/182"

    def test_a_url_of_its_own_stays(self) -> None:
        paper = Paper(title="T", arxiv="2604.01230", url="https://example.org/p")

        assert paper.url == "https://example.org/p"

    @pytest.mark.parametrize("field", ["arxiv", "doi"])
    def test_a_bad_number_is_refused_where_it_stands(self, field: str) -> None:
        item = {"title": "T", field: "javascript:x"}
        found = errors(sections=[{"kind": "papers", "items": [item]}])

        assert list(found) == [("sections", 0, "papers", "items", 0, field)]

    def test_an_abstract_is_text_unless_its_format_says_so(self) -> None:
        assert Paper(title="T").abstract_format == "text"

    def test_papers_without_items_are_empty(self) -> None:
        assert Papers().is_empty()
        assert not Papers(items=(Paper(title="T"),)).is_empty()


class TestTables:
    def table(self, **fields: object) -> Table:
        given = {"key": "k", "name": "K", "columns": ["Model", "tok/s"], "rows": [["a", 1]]}
        return Table.model_validate({**given, **fields})

    def test_plain_strings_are_columns(self) -> None:
        assert [(c.key, c.label) for c in self.table().columns] == [
            ("model", "Model"),
            ("tok-s", "tok/s"),
        ]

    def test_ranks_follow_the_rows_or_are_given_with_their_ties(self) -> None:
        rows = [["a", 3], ["b", 2], ["c", 2]]

        assert self.table(rows=rows).ranking() is None
        assert self.table(rows=rows, ranked=True).ranking() == (1, 2, 3)
        assert self.table(rows=rows, ranks=[1, 2, 2]).ranking() == (1, 2, 2)

    @pytest.mark.parametrize(
        "fields", [{"rows": [["a", 1], ["b"]]}, {"ranks": [1, 2]}, {"columns": []}, {"ranks": [0]}]
    )
    def test_an_uneven_table_is_refused(self, fields: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            self.table(**fields)

    def test_tables_without_rows_are_empty(self) -> None:
        assert Benchmarks(tables=(self.table(rows=[]),)).is_empty()
        assert not Benchmarks(tables=(self.table(),)).is_empty()

    def test_numbers_from_code_become_text(self) -> None:
        assert self.table(rows=[[True, 10.5]]).rows == (("true", "10.5"),)


@pytest.mark.parametrize(
    ("cell", "column", "shown"),
    [
        ("57.30", {}, "57.30"),
        ("1:30", {}, "1:30"),
        (None, {"decimals": 1}, "–"),
        ("57.25", {"decimals": 1}, "57.3"),
        ("57", {"decimals": 1}, "57.0"),
        ("0.125", {"decimals": 2}, "0.13"),
        ("1e3", {"decimals": 0}, "1000"),
        ("65.3%", {"decimals": 0}, "65.3%"),
        ("0", {"zero_means_missing": True}, "–"),
        ("0.0", {"zero_means_missing": True, "decimals": 1}, "–"),
        ("0", {}, "0"),
        ("10", {"unit": "$", "decimals": 2}, "$10.00"),
        ("-4.5", {"unit": "$", "decimals": 2}, "-$4.50"),
        ("$4.50", {"unit": "$", "decimals": 1}, "$4.50"),
        ("12", {"unit": "%"}, "12%"),
        ("12", {"unit": "ms"}, "12\xa0ms"),
        ("9" * 40 + "e99", {"decimals": 8}, "9" * 40 + "0" * 99 + ".00000000"),
        ("1" * 500, {"decimals": 1}, "1" * 500),
    ],
)
def test_a_cell_prints_as_written_unless_its_column_says_otherwise(
    cell: str | None, column: dict[str, object], shown: str
) -> None:
    assert format_cell(cell, Column.model_validate({"key": "c", "label": "C", **column})) == shown


def test_only_plain_numbers_count_as_numbers() -> None:
    assert str(cell_number("57.30")) == "57.30"
    assert [cell_number(cell) for cell in (None, "", "n/a", "$4", "1,000", "٣")] == [None] * 6


def test_a_column_of_figures_is_known() -> None:
    column = Column(key="c", label="C")

    assert is_numeric(["65.3%", None, "$1.20", "12 ms"], column)
    assert not is_numeric(["65.3%", "unknown"], column)
    assert not is_numeric([None], column)
    assert is_numeric([], Column(key="c", label="C", decimals=1))
