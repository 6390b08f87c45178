"""`column IN (…)` for any number of ids, as one parameter.

An ordinary IN has a parameter an id: a thousand of them take longer to write into the statement
than the database takes to find the rows, and beyond 32,766 (SQLite) or 65,535 (PostgreSQL) it
refuses.
"""

import json
from collections.abc import Collection
from typing import Any, Self

from sqlalchemy import BigInteger, Column, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import Boolean, TypeDecorator, TypeEngine


def among(column: Column[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether `column` is one of `ids`; never, where there are none."""
    return _among(column, bindparam(None, ids, type_=_Ids(), unique=True))


def among_given(column: Column[int], name: str) -> ColumnElement[bool]:
    """The same for a statement that is built once: the ids come as its parameter `name`."""
    return _among(column, bindparam(name, type_=_Ids()))


class _Ids(TypeDecorator[Collection[int]]):
    """A JSON array on SQLite, an array of bigint on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(BigInteger))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Collection[int] | None, dialect: Dialect) -> Any:
        ids = list(value or ())
        return ids if dialect.name == "postgresql" else json.dumps(ids)


class _among(GenericFunction[bool]):  # noqa: N801 - reads as SQL
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """A condition as it stands: SQLAlchemy's `= 1` would keep SQLite from using an index."""
        del against
        return self


@compiles(_among, "sqlite")
def _sqlite_among(element: _among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - a placeholder


@compiles(_among, "postgresql")
def _postgresql_among(element: _among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({ids})"
