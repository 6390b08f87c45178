"""A file read by two processes: the same as by one, whatever is in it and whatever befalls them."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from subscribers import reading
from subscribers.errors import FileChanged, HalfRead, ImportFileError
from subscribers.fields import Standing
from subscribers.reading import read_file
from subscribers.rows import Defaults
from subscribers.second_reader import SecondReader
from subscribers.shares import BATCH, BLOCK, Task, Version
from subscribers.sorting import Row, SortedRows
from tests.subscribers.readers import NOW

DEFAULTS = Defaults(Standing("active"), binding=False, now=NOW)
ROWS = 3 * BATCH * BLOCK
"""Two shares for one of the processes, and one for the other."""
FEW = "email,name\nada@example.org,Ada\nwrong,W\n"
Then = Callable[["subprocess.Popen[bytes]"], None]


class Processes(list["subprocess.Popen[bytes]"]):
    """Those that were started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._start = subprocess.Popen
        self._then: Then = lambda _process: None
        monkeypatch.setattr(subprocess, "Popen", self._started)

    def each(self, act: Then) -> None:
        self._then = act

    def _started(self, *arguments: Any, **named: Any) -> "subprocess.Popen[bytes]":
        process = self._start(*arguments, **named)
        self.append(process)
        self._then(process)
        return process


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    """Any file is large enough for two, and there are processors for them."""
    monkeypatch.setattr(reading, "LARGE", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    return Processes(monkeypatch)


def task_of(path: Path) -> Task:
    return Task(path, {}, DEFAULTS, Version.of(path))


def read(path: Path) -> tuple[list[Row], Any, Any, bytes]:
    """Everything that a file is read as, and its rejected rows."""
    rejected = path.with_suffix(".rejected")
    with SortedRows() as rows:
        found = read_file(task_of(path), rows, rejected=rejected)
        sorted_rows = [row for chunk in rows.chunks(1_000) for row in chunk]
    return sorted_rows, found.said, found.counts, rejected.read_bytes()


def by_one(path: Path) -> tuple[list[Row], Any, Any, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "LARGE", path.stat().st_size + 1)
        return read(path)


def nasty_lines() -> Iterator[str]:
    yield "\ufeffemail,name,status,joined,city"
    for number in range(ROWS):
        address = f"r{number * 7919 % ROWS}@x.example"
        match number % 100:
            case 3:
                yield f'{address},"two\r\nlines ""and quotes""",active,2021-05-01,"a\n\nb"'
            case 5:
                yield f'not an address,"in two\nlines",active,,{number}'
            case 7:
                yield f"r{number // 2}@x.example,Twice,unsubscribed,,"
            case 9:
                yield f"{address},Zoë,{'no such state' if number % 200 == 9 else 'paused'},,"
            case 11:
                yield ""
            case _:
                yield f"{address.upper()},N {number},,2020-02-{number % 28 + 1:02},Lyon"


def test_two_processes_read_what_one_does(tmp_path: Path, processes: Processes) -> None:
    path = tmp_path / "nasty.csv"
    path.write_text("".join(f"{line}\n" for line in nasty_lines()), encoding="utf-8", newline="")

    found = read(path)

    assert [process.returncode for process in processes] == [0]
    assert found == by_one(path)
    assert found[2] == {"rows": ROWS * 99 // 100, "rejected": ROWS * 15 // 1000}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(FEW.encode() + b"b@example.org\n" * 40_000, id="ragged"),
        pytest.param(FEW.encode() + b"b@example.org,\xe9\n", id="not UTF-8"),
        pytest.param(FEW.encode() + b"b@example.org," + b"x" * 1_000_001, id="not CSV"),
        pytest.param(b"name\nAda\n", id="no addresses"),
    ],
)
def test_two_processes_refuse_a_file_with_the_words_of_one(
    tmp_path: Path, processes: Processes, content: bytes
) -> None:
    path = tmp_path / "unfit.csv"
    path.write_bytes(content)
    with pytest.raises(ImportFileError) as alone:
        by_one(path)

    with pytest.raises(ImportFileError) as together:
        read(path)

    assert (type(together.value), str(together.value)) == (type(alone.value), str(alone.value))
    assert [process.poll() is not None for process in processes] == [True]


def test_a_second_reader_that_is_killed_ends_the_import_with_a_word(
    tmp_path: Path, processes: Processes
) -> None:
    path = tmp_path / "few.csv"
    path.write_text(FEW)
    processes.each(lambda process: process.kill())

    with pytest.raises(HalfRead, match=r"few\.csv: .* before its time \(signal 9.* Nothing was"):
        read(path)


def write_to(path: Path) -> None:
    with path.open("a") as file:
        file.write("late@example.org,Late\n")


def replace(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_text(FEW)
    other.replace(path)


@pytest.mark.parametrize("change", [write_to, replace, Path.unlink])
def test_a_file_that_changes_while_two_processes_read_it_is_refused(
    tmp_path: Path, processes: Processes, change: Callable[[Path], None]
) -> None:
    """Each would have read a half of something else."""
    path = tmp_path / "few.csv"
    path.write_text(FEW)
    processes.each(lambda _process: change(path))

    with pytest.raises((FileChanged, FileNotFoundError)) as refused:
        read(path)

    assert "few.csv" in str(refused.value)


def test_a_file_that_was_changed_before_it_is_read_is_refused(tmp_path: Path) -> None:
    """What an import that was cut off is known by, its fingerprint, is taken before."""
    path = tmp_path / "few.csv"
    path.write_text(FEW)
    task = task_of(path)
    write_to(path)

    with SortedRows() as rows, pytest.raises(FileChanged, match=r"few\.csv was changed .* whole"):
        read_file(task, rows, rejected=None)


def test_a_second_reader_ends_when_the_first_is_gone(tmp_path: Path, processes: Processes) -> None:
    path = tmp_path / "never-ending.csv"
    os.mkfifo(path)
    with SortedRows() as rows, SecondReader(task_of(path), rows.another_file()):
        (process,) = processes
        assert process.stdin is not None

        process.stdin.close()

        assert process.wait(timeout=20) == 1


@pytest.mark.parametrize("without", ["a processor to spare", "an interpreter to start"])
def test_one_process_reads_where_there_can_be_no_second(
    tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    path = tmp_path / "few.csv"
    path.write_text(FEW)
    if without == "a processor to spare":
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {1})
    else:
        monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))

    assert read(path) == by_one(path)
    assert not processes
