"""Words from outside, made fit to be stored and shown."""

import re

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, line breaks and lone surrogates. PostgreSQL stores no NUL, and terminals obey escapes."""


def one_line(text: str) -> str:
    """`text` on one line, its control characters gone and its blanks single."""
    return " ".join(CONTROL.sub(" ", text).split())
