import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from emails.sections.base import Section
from emails.sections.parts import Headline, Key, Line, Markdown, Part, Url

MISSING = "–"
_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?", re.ASCII)
_CURRENCIES = frozenset("$€£¥₹₩")
_ATTACHED = frozenset({"%", "‰", "°", "×", "x"})
_WIDE = Context(prec=250)


def _as_written(value: object) -> object:
    """Cells are text; numbers that come from code are written as Python writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | Decimal) else value


Cell = Annotated[
    str | None, BeforeValidator(_as_written, json_schema_input_type=str | float | bool | None)
]


class Column(Part):
    """A column. `decimals`, `unit` and `zero_means_missing` touch cells that are plain numbers."""

    key: Key
    label: Line
    decimals: Annotated[int, Field(ge=0, le=8)] | None = None
    unit: Line | None = None
    better: Literal["higher", "lower"] | None = None
    zero_means_missing: bool = False


def _from_label(value: object) -> object:
    """A plain string is the label; the key is made of its words."""
    if not isinstance(value, str):
        return value
    words = re.findall(r"[a-z0-9]+", value.lower())
    return {"key": "-".join(words)[:80] or "column", "label": value}


LabelOrColumn = Annotated[Column, BeforeValidator(_from_label, json_schema_input_type=Column | str)]


class Table(Part):
    """One table. `key` finds the same table in earlier editions."""

    key: Key
    name: Headline
    source: Line | None = None
    source_url: Url | None = None
    description: Markdown | None = None
    columns: Annotated[tuple[LabelOrColumn, ...], Field(min_length=1)]
    rows: tuple[tuple[Cell, ...], ...] = ()
    ranked: bool = False
    ranks: tuple[PositiveInt, ...] | None = None

    @model_validator(mode="after")
    def _check_shape(self) -> Self:
        wide = len(self.columns)
        uneven = [n for n, row in enumerate(self.rows) if len(row) != wide]
        if uneven:
            raise PydanticCustomError(
                "uneven_rows",
                "must have {wide} cells, one a column, in every row; not so in row {rows}",
                {
                    "wide": wide,
                    "rows": ", ".join(str(n + 1) for n in uneven),
                    "at": ["rows", uneven[0]],
                },
            )
        if self.ranks is not None and len(self.ranks) != len(self.rows):
            raise PydanticCustomError(
                "uneven_ranks",
                "must have one rank a row: {ranks} ranks, {rows} rows",
                {"ranks": len(self.ranks), "rows": len(self.rows), "at": ["ranks"]},
            )
        return self

    def ranking(self) -> tuple[int, ...] | None:
        """The rank of every row, ties as `ranks` gives them; None for a table without ranks."""
        if self.ranks is not None:
            return self.ranks
        return tuple(range(1, len(self.rows) + 1)) if self.ranked else None


class Benchmarks(Section):
    """Tables of results."""

    kind: Literal["benchmarks"] = "benchmarks"
    tables: tuple[Table, ...] = ()

    def is_empty(self) -> bool:
        return not any(table.rows for table in self.tables)


def cell_number(cell: str | None) -> Decimal | None:
    """The number that a cell holds, None where it holds anything else ("$4.50", "n/a")."""
    return Decimal(cell) if cell is not None and _NUMBER.fullmatch(cell) else None


def format_cell(cell: str | None, column: Column) -> str:
    """The cell as readers see it: as written, unless its column says otherwise."""
    number = cell_number(cell)
    if cell is None or (column.zero_means_missing and number == 0):
        return MISSING
    if number is None:
        return cell
    return _with_unit(
        cell if column.decimals is None else _rounded(number, column.decimals), column.unit
    )


def _rounded(number: Decimal, decimals: int) -> str:
    """Half up, as people round, which keeps 0.125 from printing as 0.12."""
    return format(number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE), "f")


def _with_unit(digits: str, unit: str | None) -> str:
    """$ stands before the digits (and after a minus), % right behind, a word with a space."""
    if not unit:
        return digits
    if unit in _CURRENCIES:
        sign, bare = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
        return f"{sign}{unit}{bare}"
    return f"{digits}{unit}" if unit in _ATTACHED else f"{digits}\xa0{unit}"


def is_numeric(cells: Sequence[str | None], column: Column) -> bool:
    """Whether a column is one of figures, to be set flush right."""
    if column.decimals is not None:
        return True
    filled = [cell for cell in cells if cell is not None]
    return bool(filled) and all(re.match(r"[-+$€£¥~<>≈]*\d[\d.,]*\s*\S{0,3}$", c) for c in filled)
