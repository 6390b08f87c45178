"""The folder holds each delivery's message once."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from newsletter.providers.base import OutcomeKind
from newsletter.providers.folder import FolderOptions, FolderProvider, file_name, replace_file


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FolderProvider]:
    with closing(FolderProvider(FolderOptions(folder=tmp_path / "mail"))) as provider:
        yield provider


def test_a_message_that_is_written_again_replaces_itself(
    folder: FolderProvider, tmp_path: Path, mailing: Any
) -> None:
    for _ in range(2):
        outcomes = folder.submit(mailing(3)).result(10)
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert sorted(file.name for file in (tmp_path / "mail").iterdir()) == [
        f"1-{number}@news.example.eml" for number in range(3)
    ]


@pytest.mark.parametrize(
    "message_id", ["<../../etc/passwd@x>", "<a/b\\c@x>", "<..>", f"<{'x' * 400}@x>", "<a b\0@x>"]
)
def test_a_file_name_stays_in_its_folder(message_id: str, tmp_path: Path) -> None:
    path = tmp_path / file_name(message_id)
    replace_file(path, b"x")
    assert path.read_bytes() == b"x"
    assert [file.parent for file in tmp_path.rglob("*")] == [tmp_path]


def test_a_write_that_fails_leaves_nothing_behind_and_is_later(
    folder: FolderProvider, tmp_path: Path, mailing: Any
) -> None:
    blocked = tmp_path / "mail" / "1-0@news.example.eml"
    (blocked / "in the way").mkdir(parents=True)
    outcomes = folder.submit(mailing(2)).result(10)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.LATER, OutcomeKind.ACCEPTED]
    assert sorted(file.name for file in (tmp_path / "mail").iterdir()) == [
        "1-0@news.example.eml",
        "1-1@news.example.eml",
    ]
