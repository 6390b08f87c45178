import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.quoted_printable import quoted_printable

texts = st.text(st.characters(exclude_categories=["Cs"]))
runs = st.lists(st.tuples(st.sampled_from("=. \n\txé"), st.integers(1, 90))).map(
    lambda pairs: "".join(sign * times for sign, times in pairs)
)


@given(texts | runs)
def test_it_decodes_to_what_was_put_in_with_crlf_for_line_breaks(text: str) -> None:
    sent = re.sub(r"\r\n|\r|\n", "\r\n", text)
    assert quopri.decodestring(quoted_printable(text)).decode("utf-8") == sent


@given(texts | runs)
def test_lines_are_ascii_short_and_neither_begin_with_a_dot_nor_end_with_a_blank(text: str) -> None:
    for line in quoted_printable(text).split(b"\r\n"):
        assert line.isascii()
        assert len(line) <= 76
        assert not line.startswith(b".")
        assert not line.endswith((b" ", b"\t"))


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", b""),
        ("a=b", b"a=3Db"),
        ("é", b"=C3=A9"),
        ("a \nb", b"a=20\r\nb"),
        (".", b"=2E"),
        ("x" * 75, b"x" * 75),
        ("x" * 76, b"x" * 75 + b"=\r\nx"),
        ("x" * 74 + "=", b"x" * 74 + b"=\r\n=3D"),
    ],
)
def test_what_it_looks_like(text: str, encoded: bytes) -> None:
    assert quoted_printable(text) == encoded
