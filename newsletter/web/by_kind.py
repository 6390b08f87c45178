"""Tables by class of error."""

from collections.abc import Mapping
from typing import TypeVar

Entry = TypeVar("Entry")


def nearest(table: Mapping[type, Entry], error: Exception) -> Entry:
    """Return the entry of the error's own class, or of its nearest ancestor with one."""
    return next(table[kind] for kind in type(error).__mro__ if kind in table)
