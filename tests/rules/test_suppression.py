"""Small cells are not shown, and cannot be found from what is."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.suppression import CELL_MIN, Path, suppressed

NAMES = st.sampled_from("abcdefghijkl")
TABLES = st.dictionaries(
    st.tuples(st.sampled_from("xy"), NAMES, NAMES),
    st.one_of(st.integers(1, 3), st.integers(1, 40)),
    max_size=24,
)


def test_practice_54_a_cell_of_six_is_suppressed_and_the_smallest_beside_it() -> None:
    """Six of 48: 42 would tell of it, so the next larger cell is left out as well."""
    found = suppressed({("mc", "fall"): 6, ("mc", "spring"): 12, ("mc", "summer"): 30})
    assert found == {
        ("mc",): 48,
        ("mc", "fall"): None,
        ("mc", "spring"): None,
        ("mc", "summer"): 30,
    }


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ({"a": 10, "b": 11}, {"": 21, "a": 10, "b": 11}),
        ({"a": 9}, {"": None}),
        ({"a": 4, "b": 5}, {"": None}),
        ({"a": 9, "b": 40}, {"": 49, "a": None, "b": None}),
        # Two that are left out and sum up to ten say of each other that they are small.
        ({"a": 5, "b": 5, "c": 40}, {"": 50, "a": None, "b": None, "c": None}),
        ({"a": 6, "b": 5, "c": 40}, {"": 51, "a": None, "b": None, "c": 40}),
        # Ten parts of one each: that there are ten would say that each is one.
        (dict.fromkeys("abcdefghij", 1), {"": None}),
    ],
)
def test_what_is_left_out_with_a_small_cell(cells: dict[str, int], shown: dict[str, int]) -> None:
    found = suppressed({("t", name): count for name, count in cells.items()})
    assert {"".join(path[1:]): count for path, count in found.items()} == shown


def test_a_lone_part_of_a_total_is_hidden_with_it_where_it_would_tell() -> None:
    ones: dict[Path, int] = {("t", "only", name): 1 for name in "abcdefghij"}
    assert suppressed(ones) == {("t",): None}


@given(TABLES)
def test_nothing_small_is_shown_and_what_is_shown_is_true(cells: dict[Path, int]) -> None:
    totals = totals_of(cells)
    for path, count in suppressed(cells).items():
        assert count is None or CELL_MIN <= count == totals[path]


@given(TABLES)
def test_nothing_is_left_out_without_need(cells: dict[Path, int]) -> None:
    """Where every cell is large enough, all of them and all totals are shown."""
    large = {path: count + CELL_MIN for path, count in cells.items()}
    assert suppressed(large) == totals_of(large)


@given(TABLES)
def test_no_hidden_cell_can_be_found_by_subtraction(cells: dict[Path, int]) -> None:
    """Whoever knows all that is shown, and that a cell listed has somebody in it.

    She tries every way to fill what is left out of each total that is shown; of each count that is
    left out she finds one way with it below ten and one with ten or more.
    """
    shown = suppressed(cells)
    parts = defaultdict(list)
    for path in shown:
        parts[path[:-1]].append(path)
    for path, total in shown.items():
        missing = [part for part in parts[path] if shown[part] is None]
        if total is None or not missing:
            assert total is not None or not parts[path], "nothing is listed below what is not shown"
            continue
        rest = total - sum(shown[part] or 0 for part in parts[path])
        for possible in fillings(len(missing), rest):
            assert possible.issuperset({1, CELL_MIN})


def fillings(cells: int, total: int) -> list[set[int]]:
    """What each of some cells may be, if all of them are above zero and sum up to a total.

    All but the last two are tried at a few values only: what these leave to others is the same.
    """
    found: list[set[int]] = [set() for _ in range(cells)]
    few = [range(1, min(total, CELL_MIN) + 1)] + [range(1, 2)] * (cells - 2)
    for turn in range(cells):
        for values in product(*few[: cells - 1]):
            last = total - sum(values)
            if last >= 1:
                way = [*values, last]
                for cell in range(cells):
                    found[cell].add(way[(cell + turn) % cells])
    return found


def totals_of(cells: dict[Path, int]) -> dict[Path, int]:
    found: dict[Path, int] = defaultdict(int)
    for path, count in cells.items():
        for length in range(1, len(path) + 1):
            found[path[:length]] += count
    return dict(found)
