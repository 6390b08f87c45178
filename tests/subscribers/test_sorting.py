from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers import sorting
from subscribers.sorting import Row, SortedRows, key_of

KEYS = st.sampled_from(["", "a", "ab", "b", "é", "z", "\U0001f4ee"])


@given(
    batches=st.lists(st.lists(KEYS, max_size=9), max_size=12),
    run=st.integers(1, 10),
    block=st.integers(1, 4),
    size=st.integers(1, 12),
)
def test_rows_come_back_sorted_equal_ones_as_they_came_and_never_cut_apart(
    batches: list[list[str]], run: int, block: int, size: int
) -> None:
    number = iter(range(1000))
    given_rows: list[list[Row]] = [
        [f"{key}\t{next(number):03}" for key in batch] for batch in batches
    ]
    with pytest.MonkeyPatch.context() as patch, SortedRows() as rows:
        patch.setattr(sorting, "RUN", run)
        patch.setattr(sorting, "BLOCK", block)
        for batch in given_rows:
            rows.add(batch)
        chunks = list(rows.chunks(size))

    everything = [row for batch in given_rows for row in batch]
    assert rows.count == len(everything)
    assert [row for chunk in chunks for row in chunk] == sorted(everything, key=key_of)
    for one, following in pairwise(chunks):
        assert key_of(one[-1]) != key_of(following[0])
        assert len(one) >= size


def test_the_cuts_are_the_same_each_time() -> None:
    rows: list[Row] = [f"{n % 7}\t{n:03}" for n in range(100)]

    def cuts(order: list[Row]) -> list[list[Row]]:
        with SortedRows() as sorted_rows:
            sorted_rows.add(order)
            return list(sorted_rows.chunks(10))

    assert cuts(rows) == cuts(rows)
    assert [len(chunk) for chunk in cuts(rows)] == [15, 15, 14, 14, 14, 14, 14]
