"""Reading edition files: what is kept, what is refused, and how well it says why."""

import json
from pathlib import Path

import pytest

from emails.composition import Finding
from emails.errors import Problem
from emails.issue import Benchmarks, Links, Papers, Text
from emails.issue_files import (
    IssueFileError,
    issue_schema,
    load_issue,
    parse_issue,
)
from tests.emails.edition_files import ESSAY, HEAD, brief, only_problem, problems

EDITIONS = Path(__file__).parents[2] / "../shared/editions"


class TestWhatStaysAsWritten:
    def test_only_null_true_and_false_are_special(self) -> None:
        text = (
            "date: 2026-11-22\nlanguage: no\ntitle: yes\nnumber: 7\nsubject:\nsections:\n"
            "  - kind: links\n    items:\n"
            "      - {title: 1e3, url: 'https://a.example', paywall: true, source: null, via: ~}\n"
        )
        issue = parse_issue(text, name="e").issue

        assert (issue.language, issue.title, issue.number, issue.subject) == ("no", "yes", 7, None)
        section = issue.sections[0]
        assert isinstance(section, Links)
        link = section.items[0]
        assert (link.title, link.paywall, link.source, link.via) == ("1e3", True, None, "~")

    @pytest.mark.parametrize(
        "text",
        [
            HEAD
            + "  - kind: benchmarks\n    tables:\n      - {key: k, name: K, columns: [A, B, C, D],"
            " rows: [[57.30, 1:30, null, no]]}\n",
            (
                '{"date": "2026-11-22", "sections": [{"kind": "benchmarks", "tables": [{"key": "k",'
                ' "name": "K", "columns": ["A", "B", "C", "D"], "rows": [[57.30, "1:30", null, "no"]]}]}]}'
            ),
        ],
    )
    def test_cells_are_kept(self, text: str) -> None:
        section = parse_issue(text, name="e").issue.sections[0]

        assert isinstance(section, Benchmarks)
        assert section.tables[0].rows == (("57.30", "1:30", None, "no"),)

    def test_an_arxiv_number_keeps_its_last_zero_in_json(self) -> None:
        text = json.dumps({"date": "2026-11-22", "sections": [{"kind": "papers", "items": [{}]}]})
        text = text.replace("{}", '{"title": "T", "arxiv": 2604.01230}')
        section = parse_issue(text, name="e").issue.sections[0]

        assert isinstance(section, Papers)
        assert section.items[0].arxiv == "2604.01230"

    def test_latex_survives_in_a_block(self) -> None:
        text = HEAD + "  - kind: text\n    body: |\n      $O(\\ell^{-β})$ and\n\n      \\b{eta}2\n"
        section = parse_issue(text, name="e").issue.sections[0]

        assert isinstance(section, Text)
        assert section.body == "$O(\\ell^{-β})$ and\n\n\\b{eta}2"

    def test_private_keys_are_kept(self) -> None:
        issue = parse_issue("x_feed: {a: [1]}\n" + HEAD + ESSAY, name="e").issue

        assert issue.model_dump()["x_feed"] == {"a": ["1"]}

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_line_ends_do_not_matter(self, ending: str) -> None:
        source = (HEAD + "  - kind: text\n    body: |\n      a\n      b\n").replace("\n", ending)
        section = parse_issue("\ufeff".encode() + source.encode(), name="e").issue.sections[0]

        assert isinstance(section, Text)
        assert section.body == "a\nb"


class TestProblems:
    def test_all_are_told_at_once_with_line_and_field(self) -> None:
        text = """\
schema: 1
date: 20261122
titel: x
number: 4,2
sections:
  - kind: links
    itms: 3
    items:
      - titel: 1
        url: javascript:x
  - kind: links
    if_empty: error
  - kind: linkz
  - heading: x
  - kind: benchmarks
    tables:
      - key: a
        name: b
        columns: [A, B]
        rows:
          - [x, y]
          - [z]
"""
        assert [brief(problem) for problem in problems(text)] == [
            (2, "date", "bad_date"),
            (3, "titel", "unknown_key"),
            (4, "number", "int_parsing"),
            (7, "sections[0].itms", "unknown_key"),
            (9, "sections[0].items[0].title", "missing"),
            (9, "sections[0].items[0].titel", "unknown_key"),
            (10, "sections[0].items[0].url", "bad_url"),
            (11, "sections[1]", "empty_section"),
            (13, "sections[2].kind", "union_tag_invalid"),
            (14, "sections[3].kind", "union_tag_not_found"),
            (22, "sections[4].tables[0].rows[1]", "uneven_rows"),
        ]

    def test_the_error_lists_them_as_file_line_field_message(self) -> None:
        with pytest.raises(IssueFileError) as caught:
            parse_issue("date: x\n" + "sections: []\nfoo: 1\n", name="e.yaml")

        assert str(caught.value).splitlines() == [
            'e.yaml:1: date: must be a date such as 2026-11-22 (found "x")',
            (
                "e.yaml:3: foo: foo is no field; known are schema, publication, date, slug, number, "
                "title, subject, preheader, authors, language, reply_to, corrections, sections, byline"
            ),
        ]

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ("titel: x\n" + HEAD + ESSAY, "title"),
            ("bylines: x\n" + HEAD + ESSAY, "byline"),
            (HEAD + "  - kind: essey\n", "essay"),
            (HEAD + "  - {kind: essay, body: x, signatur: x}\n", "signature"),
            (
                HEAD + "  - {kind: essay, body: x, more: {label: x, ulr: 'https://a.example'}}\n",
                "url",
            ),
        ],
    )
    def test_a_near_name_is_suggested(self, wrong: str, right: str) -> None:
        assert any(f"did you mean {right}?" in problem.message for problem in problems(wrong))

    def test_a_placeholder_in_an_address_is_told_as_one(self) -> None:
        (problem,) = problems(
            "date: 2026-11-22\n"
            "sections:\n"
            "  - kind: links\n"
            "    items:\n"
            '      - {title: A, url: "https://a.example/?n={{reader.name|x}}"}\n'
        )
        assert (problem.line, problem.code) == (5, "misplaced-placeholder")
        assert "can't be filled in a link's address" in problem.message

    def test_placeholders_are_told_along_with_what_else_is_wrong(self) -> None:
        told = problems(
            "date: 2026-11-22\n"
            "titel: A\n"
            "x_note: '{{ reader.nmae }}'\n"
            "sections:\n"
            "  - kind: essay\n"
            "    body: Dear {{ reader.nmae | you }}, {{ reader.tags }}\n"
        )
        assert [(one.line, one.field, one.code) for one in told] == [
            (2, "titel", "unknown_key"),
            (6, "sections[0].body", "bad-placeholder"),
        ]

    def test_json_has_lines_too(self) -> None:
        text = '{\n "date": "2026-11-22",\n "sections": [\n  {"kind": "links",\n   "items": [\n'
        text += '    {"title": "A", "url": "https://a.example"},\n'
        text += '    {"title": "B, {\\"[", "url": "ftp://a.example"}\n   ]}]}'

        assert brief(only_problem(text)) == (7, "sections[0].items[1].url", "bad_url")

    @pytest.mark.parametrize(
        "text",
        [
            "date: 2026-11-22\ntitle: a\ntitle: b\nsections:\n" + ESSAY,
            (
                '{"date": "2026-11-22",\n"title": "a",\n"title": "b",\n'
                '"sections": [{"kind": "essay", "body": "x"}]}'
            ),
        ],
    )
    def test_a_key_that_stands_twice_is_refused(self, text: str) -> None:
        problem = only_problem(text)

        assert brief(problem) == (3, "title", "duplicate_key")
        assert "line 2" in problem.message

    @pytest.mark.parametrize(
        "text",
        [
            HEAD + '  - kind: essay\n    body: "decays as \\ell"\n',
            HEAD + '  - kind: essay\n    body: "\\b{eta}2"\n',
            HEAD + '  - kind: essay\n    body: "1.58 \\times"\n',
            '{"date": "2026-11-22",\n "sections": [{"kind": "essay",\n\n "body": "\\beta"}]}',
            '{"date": "2026-11-22",\n "sections": [{"kind": "essay",\n\n "body": "\\ud800"}]}',
            HEAD + '  - kind: essay\n    body: "\\x00"\n',
        ],
    )
    def test_control_characters_are_refused_with_the_cure(self, text: str) -> None:
        problem = only_problem(text)

        assert brief(problem) == (4, "sections[0].body", "control_character")
        assert "write the text below `body: |`" in problem.message

    def test_control_characters_in_private_fields_and_keys_are_refused(self) -> None:
        text = '{"date": "2026-11-22", "x_\\u0000": {"a": ["\\u0001"]}, "sections": []}'

        found = problems(text)

        assert {problem.code for problem in found} == {"control_character", "empty_issue"}
        assert "\x00" not in "".join(map(str, found))

    @pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x85", "\udc80", "\ufffe"])
    def test_control_characters_in_the_file_are_shown_with_their_line(self, bad: str) -> None:
        text = HEAD + f"  - kind: essay\n    body: a{bad}b\n"

        assert brief(only_problem(text)) == (4, "", "control_character")

    @pytest.mark.parametrize(
        ("source", "line"),
        [(b"date: 2026-11-22\ntitle: \xe9t\xe9\n", 2), ("date: x".encode("utf-16"), 1)],
    )
    def test_another_encoding_is_named_with_the_cure(self, source: bytes, line: int) -> None:
        problem = only_problem(source)

        assert (problem.line, problem.code) == (line, "encoding")
        assert "save it as UTF-8" in problem.message

    @pytest.mark.parametrize(
        ("line", "cure"),
        [
            ("title: One: two", "a colon and a space"),
            ("title: @home", "text can't begin with this sign"),
            ('title: "\\sigma"', "in double quotes a backslash"),
            ('title: "Quote" he said', "needs quotes around all of it"),
            ("title: [AI] is here", "needs quotes around all of it"),
            ("\ttitle: x", "indented with spaces"),
            ("title: *bold* move", "put all of it in quotes"),
            ("title: *bold", "an alias to YAML"),
            ("title: &and", "an alias to YAML"),
            ("title: !wow", "a tag to YAML"),
            ("? [a]\n: b", "no plain word"),
            ("---\ntitle: x", "second document"),
        ],
    )
    def test_yaml_that_stumbles_over_a_sign_says_what_to_do(self, line: str, cure: str) -> None:
        problem = only_problem(f"date: 2026-11-22\n{line}\nsections: [{{kind: text, body: x}}]\n")

        assert problem.line in {2, 3}
        assert cure in problem.message

    @pytest.mark.parametrize(
        ("text", "cure"),
        [
            ('{"date": "2026-11-22",}', "a comma before } must go"),
            ('{"title": "\\ell"}', "double the backslash"),
            ('{"title": "a\nb"}', "line break within text"),
            ('{"title": NaN}', "write null"),
            ('{"title": "a"} {}', "one object a file"),
        ],
    )
    def test_broken_json_says_what_to_do(self, text: str, cure: str) -> None:
        problem = only_problem(text)

        assert problem.code == "json_syntax"
        assert cure in problem.message

    @pytest.mark.parametrize("text", ["", "# nothing", "just words", "- a\n- b", "date"])
    def test_a_file_that_holds_no_fields_is_refused(self, text: str) -> None:
        assert only_problem(text).code == "not_an_issue"

    @pytest.mark.parametrize("sections", ["[]", "[{kind: links, items: []}, {kind: essay}]"])
    def test_an_edition_with_nothing_in_it_is_refused(self, sections: str) -> None:
        problem = only_problem(f"date: 2026-11-22\nsections: {sections}\n")

        assert brief(problem) == (2, "sections", "empty_issue")

    def test_a_missing_file_is_a_problem_like_others(self, tmp_path: Path) -> None:
        with pytest.raises(IssueFileError, match="can't be read: No such file"):
            load_issue(tmp_path / "none.yaml")


class TestWarnings:
    def warnings(self, text: str) -> list[tuple[int | None, str, str]]:
        return [brief(warning) for warning in parse_issue(text, name="e").warnings]

    def test_a_clean_file_has_none(self) -> None:
        text = "date: 2026-11-22   # today\ntitle: C# in depth  # a comment\nslug: null # none\n"

        assert self.warnings(text + "sections:\n" + ESSAY) == []

    @pytest.mark.parametrize("title", ["We're #1 in AI", "C # and Java", "Tags  #one"])
    def test_a_headline_cut_by_a_comment(self, title: str) -> None:
        text = f"date: 2026-11-22\ntitle: {title}\nsections:\n{ESSAY}"

        assert self.warnings(text) == [(2, "title", "cut_text")]

    def test_an_empty_section_is_left_out(self) -> None:
        parsed = parse_issue(HEAD + "  - {kind: links, heading: Labs}\n" + ESSAY, name="e")

        assert [section.kind for section in parsed.issue.sections] == ["essay"]
        assert [brief(w) for w in parsed.warnings] == [(3, "sections[0]", "empty_section")]
        assert "(Labs) is empty and left out" in parsed.warnings[0].message

    def test_tabs_and_what_may_have_been_latex(self) -> None:
        text = HEAD + '  - {kind: text, body: "a\\tb"}\n  - {kind: text, body: "\\nabla f"}\n'

        assert self.warnings(text) == [
            (3, "sections[0].body", "tab"),
            (4, "sections[1].body", "swallowed_latex"),
        ]


class TestFindings:
    LOADED = parse_issue(
        "date: 2026-11-22\n"
        "sections:\n"
        "  - {kind: links, items: []}\n"
        "  - kind: links\n"
        "    items:\n"
        "      - title: A\n"
        '        url: "https://a.example/"\n',
        name="morning.yaml",
    )

    @pytest.mark.parametrize(
        ("field", "told", "line"),
        [
            ("date", "date", 1),
            ("sections", "sections", 2),
            ("sections[0].items[0].url", "sections[1].items[0].url", 7),
            ("sections[0].intro", "sections[1].intro", 4),
        ],
    )
    def test_a_finding_is_where_the_file_has_it_empty_sections_and_all(
        self, field: str, told: str, line: int
    ) -> None:
        problem = self.LOADED.problem(Finding("odd", "error", field, "is odd"))
        assert problem == Problem("morning.yaml", line, told, "is odd", "odd")

    @pytest.mark.parametrize("field", ["preheader", "html", "brand.postal_address"])
    def test_what_the_file_does_not_have_has_no_line(self, field: str) -> None:
        problem = self.LOADED.problem(Finding("odd", "warning", field, "is odd"))
        assert (problem.file, problem.line) == ("", None)


def test_the_schema_knows_every_kind_and_allows_private_keys() -> None:
    schema = issue_schema()

    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"schema", "date", "byline", "sections"} <= set(schema["properties"])
    assert set(schema["properties"]["sections"]["items"]["discriminator"]["mapping"]) >= {"essay"}
    assert schema["additionalProperties"] is False
    assert "^x_" in schema["patternProperties"]
    assert {"$ref": "#/$defs/Column"} in schema["$defs"]["Table"]["properties"]["columns"]["items"][
        "anyOf"
    ]


@pytest.mark.skipif(not EDITIONS.exists(), reason="the real editions are not on this machine")
@pytest.mark.parametrize("date", ["2026-03-31", "2026-04-07", "2026-04-21"])
def test_the_real_editions_load_without_a_warning(date: str) -> None:
    parsed = load_issue(EDITIONS / f"{date}.json")

    assert parsed.issue.name == date
    assert parsed.warnings == ()


def test_a_title_of_nothing_must_say_something() -> None:
    text = "schema: 1\ndate: 2026-11-22\nsections: [{kind: links, items: [{title: ''}]}]\n"
    with pytest.raises(IssueFileError) as refused:
        parse_issue(text, name="f")
    (message,) = [one.message for one in refused.value.problems if one.field.endswith("title")]
    assert message == 'must say something (found "")'
