"""Edition files in the tests: their beginning, and how the problems of a bad one are read."""

import pytest

from emails.issue_files import IssueFileError, Problem, parse_issue

HEAD = "date: 2026-11-22\nsections:\n"
ESSAY = "  - kind: essay\n    body: Text\n"


def problems(text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(IssueFileError) as caught:
        parse_issue(text, name="e.yaml")
    return caught.value.problems


def only_problem(text: str | bytes) -> Problem:
    (problem,) = problems(text)
    return problem


def brief(problem: Problem) -> tuple[int | None, str, str]:
    return problem.line, problem.field, problem.code
