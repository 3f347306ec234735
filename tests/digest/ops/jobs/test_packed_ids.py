"""Sets of row ids as short text."""

from hypothesis import given
from hypothesis import strategies as st

from digest.ops.jobs import packed_ids


@given(st.lists(st.integers(1, 2**62)))
def test_what_was_packed_comes_back_in_order(pks: list[int]) -> None:
    assert packed_ids.unpack(packed_ids.pack(pks)) == sorted(set(pks))


def test_a_hundred_thousand_neighbours_take_little_room() -> None:
    assert len(packed_ids.pack(range(5, 100_005))) < 1_000
