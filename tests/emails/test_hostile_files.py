"""Files that mean harm, or nothing: refused with their own error, in bounded time."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emails.issue_files import IssueFileError, parse_issue
from tests.emails.edition_files import only_problem, problems


def test_an_alias_bomb_is_refused_at_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )

    assert "yaml_alias" in {problem.code for problem in problems(bomb)}


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 50_000, '{"a":' + "[" * 50_000 + "]" * 50_000 + "}"]
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert only_problem(text).code == "too_deep"


def test_an_oversized_file_is_refused() -> None:
    assert only_problem(b"#" * 9_000_000).code == "too_large"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_megabyte_is_read_within_seconds(form: str) -> None:
    item = {
        "title": "A headline of the day",
        "url": "https://a.example/x",
        "summary": "w " * 40,
    }
    text = json.dumps(
        {"date": "2026-11-22", "sections": [{"kind": "links", "items": [item] * 6000}]},
        indent=1,
    )
    source = text if form == "json" else "---\n" + text
    began = time.process_time()

    parse_issue(source, name="e")

    assert len(source) > 1_000_000
    assert time.process_time() - began < 4  # 0.6 s on two cores of 2026


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.binary(), st.text(alphabet="{}[]:,-#&*!|>'\"% \n\tax\\0é\x85")))
def test_nothing_but_its_own_error_ever_leaves(source: str | bytes) -> None:
    with pytest.raises(IssueFileError):
        parse_issue(source, name="e")


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "date",
                        "sections",
                        "kind",
                        "items",
                        "tables",
                        "rows",
                        "columns",
                        "x_a",
                        "more",
                    ]
                ),
                inner | st.just("links") | st.just("benchmarks"),
            )
        ),
    )
)
def test_no_value_in_a_known_field_makes_it_stumble(value: object) -> None:
    text = json.dumps({"date": "2026-11-22", "byline": value, "sections": [value]})

    with pytest.raises(IssueFileError) as caught:
        parse_issue(text, name="e")
    assert str(caught.value).encode()
