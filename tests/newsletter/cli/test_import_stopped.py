"""Ctrl-C in an import says what is stored, and the import that goes on says where."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlmodel import Session

from newsletter.cli import imports as command
from subscribers import hands, imports, merge
from subscribers.imports import ImportReport
from subscribers.merge import Terms
from tests.newsletter.cli.conftest import Shell

IMPORT = ("subscribers", "import", "many.csv", "--json")
NOTHING = "Stopped. Nothing was stored.\n"


@pytest.fixture
def many(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A file of 3,500 rows that are fit, and of one that isn't, which is imported in four chunks."""
    monkeypatch.setattr(imports, "CHUNK", 1_000)
    rows = "".join(f"r{number:04}@x.example\n" for number in range(3_500))
    shell.write("many.csv", f"email\nno address\n{rows}")
    return shell


def ctrl_c(*_arguments: object, **_named: object) -> Any:
    raise KeyboardInterrupt


def stop_after(chunks: int, patch: pytest.MonkeyPatch) -> None:
    left = iter(range(chunks))

    def stopped(session: Session, terms: Terms, staged: int) -> Mapping[str, int]:
        for _chunk in left:
            return merge.merge(session, terms, staged)
        raise KeyboardInterrupt

    patch.setattr(hands, "merge", stopped)


def test_an_import_that_is_stopped_says_what_is_stored_and_goes_on_there(
    many: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(2, patch)
        stopped = many(*IMPORT)
    assert (stopped.code, stopped.out) == (130, "")
    assert stopped.err == (
        "Stopped: 2,000 of 3,500 rows are stored. "
        "Import the same file in the same way again, and it goes on there.\n"
    )

    resumed = many(*IMPORT)

    assert resumed.code == 0
    assert resumed.err == (
        "An import of this file was cut off when 2,000 rows were stored. "
        "This one goes on there; it counts them as well.\n"
    )
    assert (resumed.json["added"], resumed.json["stored_before"]) == (3_500, 2_000)
    again = many(*IMPORT)
    assert (again.json["known"], again.json["stored_before"], again.err) == (3_500, 0, "")


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_what_only_read_the_file_stored_nothing(
    many: Shell, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr(imports, "read_file", ctrl_c)
    stopped = many(*IMPORT, *more)
    assert (stopped.code, stopped.out, stopped.err) == (130, "", NOTHING)


def test_a_dry_run_that_is_stopped_late_stored_nothing(
    many: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "foresee", ctrl_c)
    assert many(*IMPORT, "--dry-run").err == NOTHING


def test_an_import_that_goes_on_and_is_stopped_at_once_loses_nothing(
    many: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(1, patch)
        many(*IMPORT)
    monkeypatch.setattr(imports, "read_file", ctrl_c)
    assert "Stopped: 1,000 rows are stored. " in many(*IMPORT).err


def test_a_stop_when_all_is_done_says_so(many: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: Any, **named: Any) -> ImportReport:
        imports.import_readers(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "import_readers", late)
    stopped = many(*IMPORT)
    assert (stopped.code, stopped.err) == (130, "Stopped, but all 3,500 rows are stored.\n")
