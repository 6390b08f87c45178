"""CSV files as they come: with or without a BOM, any delimiter, checked as a whole first."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from subscribers.columns import Field, guess
from subscribers.errors import NoEmailColumn, RaggedRows, UnreadableFile

DELIMITERS = (",", ";", "\t", "|", ":", "^", "~")
FIELD_LIMIT = 1_000_000
_SHOWN = 10
_BREAK = re.compile(r"\r\n|\r|\n")  # inside quotes


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An open file after its header; iterate over `batches()` once."""

    name: str
    header: tuple[str, ...]
    columns: tuple[Field, ...]
    reader: Any  # csv.reader has no public type

    def batches(self, size: int) -> Iterator["Batch"]:
        """Yield the records, some at a time, blank lines left out.

        Raises UnreadableFile and RaggedRows, the latter at the end, naming the first ten.
        """
        width, ragged = len(self.header), _Ragged()
        before = 1  # the header was read before the reader began to count
        while read := self._read(size):
            batch = Batch(before, read, width)
            before = self.reader.line_num + 1
            if set(map(len, read)) != {width}:
                ragged.note(batch)
            if batch.records:
                yield batch
        if ragged.count:
            raise _ragged(self.name, width, ragged)

    def _read(self, size: int) -> list[list[str]]:
        try:
            return list(islice(self.reader, size))
        except UnicodeDecodeError as error:
            raise _not_utf8(self.name, error) from error
        except csv.Error as error:
            line = self.reader.line_num + 1
            raise UnreadableFile(
                f"{self.name}, line {line}: not CSV ({error}). Nothing was imported."
            ) from error


class Batch:
    """Some records of a file, as they follow each other."""

    def __init__(self, before: int, read: list[list[str]], width: int) -> None:
        self._before, self._read, self._width = before, read, width
        self.records = read
        if set(map(len, read)) != {width}:
            self.records = [fields for fields in read if len(fields) == width]

    def lines(self) -> list[int]:
        """Count the line in which each record ends, from 1; asked for only where one is unfit."""
        return [line for line, fields in self._counted() if len(fields) == self._width]

    def ragged(self) -> list[int]:
        """Count the lines of what is neither blank nor a record."""
        return [line for line, fields in self._counted() if len(fields) not in {0, self._width}]

    def _counted(self) -> Iterator[tuple[int, list[str]]]:
        line = self._before
        for fields in self._read:
            line += 1 + sum(len(_BREAK.findall(field)) for field in fields)
            yield line, fields


class _Ragged:
    """Lines with more or fewer fields than the header: how many, and the first."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[int] = []

    def note(self, batch: Batch) -> None:
        lines = batch.ragged()
        self.count += len(lines)
        self.first += lines[: _SHOWN - len(self.first)]


@contextmanager
def open_csv(path: Path, corrected: Mapping[str, str]) -> Iterator[CsvFile]:
    """Open a file and read its header; raise UnreadableFile or NoEmailColumn."""
    csv.field_size_limit(FIELD_LIMIT)
    with path.open(encoding=_encoding(path), newline="") as file:
        first = _first_line(path.name, file)
        delimiter, header = _split_header(first, corrected)
        columns = guess(header, corrected)
        yield CsvFile(path.name, header, columns, csv.reader(file, delimiter=delimiter))


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        bom = file.read(2)
    return "utf-16" if bom in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"


def _first_line(name: str, file: TextIO) -> str:
    try:
        first = file.readline()
    except UnicodeDecodeError as error:
        raise _not_utf8(name, error) from error
    if not first.strip():
        raise UnreadableFile(
            f"{name} is empty, or its first line is. It should name the columns: email, name, …"
        )
    return first


def _split_header(first: str, corrected: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Find the delimiter with which the first line names a column of addresses, and most others."""
    found = [(delimiter, tuple(_parse(first, delimiter))) for delimiter in DELIMITERS]
    fit = [one for one in found if _has_addresses(one[1], corrected)]
    return max(fit or found[:1], key=lambda one: len(one[1]))


def _has_addresses(header: tuple[str, ...], corrected: Mapping[str, str]) -> bool:
    try:
        guess(header, corrected)
    except NoEmailColumn:
        return False
    return True


def _parse(line: str, delimiter: str) -> list[str]:
    return [title.strip() for title in next(csv.reader(io.StringIO(line), delimiter=delimiter))]


def _not_utf8(name: str, error: UnicodeDecodeError) -> UnreadableFile:
    return UnreadableFile(
        f"{name} is not UTF-8 ({error.reason}). Save it as “CSV UTF-8”, or convert it: "
        "iconv -f WINDOWS-1252 -t UTF-8. Nothing was imported."
    )


def _ragged(name: str, width: int, ragged: _Ragged) -> RaggedRows:
    rows = "one row has" if ragged.count == 1 else f"{ragged.count} rows have"
    shown = ", ".join(map(str, ragged.first)) + (" …" if ragged.count > _SHOWN else "")
    return RaggedRows(
        f"{name}: the header has {width} fields, {rows} more or fewer "
        f"(line {shown}). Is a comma missing its quotes? Nothing was imported."
    )
