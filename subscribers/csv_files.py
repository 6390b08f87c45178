"""CSV files as they come: with or without a BOM, any delimiter, checked as a whole first."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from subscribers.columns import Field, guess
from subscribers.errors import NoEmailColumn, RaggedRows, UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
FIELD_LIMIT = 1_000_000
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class CsvFile:
    """An open file after its header; iterate over `records()` once."""

    name: str
    header: tuple[str, ...]
    columns: tuple[Field, ...]
    reader: Any  # csv.reader has no public type

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line, fields) of every record, blank lines left out; lines count from 1.

        Raises UnreadableFile and RaggedRows, the latter at the end, naming the first ten.
        """
        width = len(self.header)
        ragged: list[int] = []
        reader = self.reader
        try:
            for fields in reader:
                if len(fields) == width:
                    yield reader.line_num + 1, fields  # the header was read before it
                elif fields:
                    ragged.append(reader.line_num + 1)
        except UnicodeDecodeError as error:
            raise _not_utf8(self.name, error) from error
        except csv.Error as error:
            raise UnreadableFile(
                f"{self.name}, line {reader.line_num + 1}: not CSV ({error}). Nothing was imported."
            ) from error
        if ragged:
            raise _ragged(self.name, width, ragged)


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
    """Find the delimiter with which the first line names a column of addresses."""
    best = (",", tuple(_parse(first, ",")))
    for delimiter in DELIMITERS:
        header = tuple(_parse(first, delimiter))
        try:
            guess(header, corrected)
        except NoEmailColumn:
            continue
        if len(header) >= len(best[1]):
            best = delimiter, header
    return best


def _parse(line: str, delimiter: str) -> list[str]:
    return [title.strip() for title in next(csv.reader(io.StringIO(line), delimiter=delimiter))]


def _not_utf8(name: str, error: UnicodeDecodeError) -> UnreadableFile:
    return UnreadableFile(
        f"{name} is not UTF-8 ({error.reason}). Save it as “CSV UTF-8”, or convert it: "
        "iconv -f WINDOWS-1252 -t UTF-8. Nothing was imported."
    )


def _ragged(name: str, width: int, lines: list[int]) -> RaggedRows:
    shown = ", ".join(map(str, lines[:_SHOWN])) + (" …" if len(lines) > _SHOWN else "")
    return RaggedRows(
        f"{name}: the header has {width} fields, {len(lines)} rows have more or fewer "
        f"(line {shown}). Is a comma missing its quotes? Nothing was imported."
    )
