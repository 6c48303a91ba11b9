"""No number from 1 to 4 is shown, and none can be worked out from what is shown beside it."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.handbook.small_numbers import FEW, Sum, Why, hidden

LARGEST = 9


def line(*parts: int) -> tuple[dict[str, int], list[Sum[str]]]:
    values = {f"part{number}": part for number, part in enumerate(parts)} | {"whole": sum(parts)}
    return values, [Sum("whole", tuple(key for key in values if key != "whole"))]


def test_small_ones_are_hidden_and_nought_is_not() -> None:
    values = {"a": 0, "b": 1, "c": 4, "d": 5}
    assert hidden(values, []) == {"b": "few", "c": "few"}


def test_one_hidden_part_takes_the_smallest_other_with_it() -> None:
    assert hidden(*line(3, 20, 9, 0)) == {"part0": "few", "part2": "kept_back"}


def test_two_hidden_parts_that_can_be_anything_need_no_more() -> None:
    assert hidden(*line(2, 3, 20)) == {"part0": "few", "part1": "few"}


@pytest.mark.parametrize("both", [1, 4])
def test_two_ones_and_two_fours_would_be_known_from_their_sum(both: int) -> None:
    assert hidden(*line(both, both, 20)) == {"part0": "few", "part1": "few", "part2": "kept_back"}


def test_where_no_part_is_left_the_whole_is_kept_back() -> None:
    assert hidden(*line(4, 4)) == {"part0": "few", "part1": "few", "whole": "kept_back"}


def test_a_whole_that_is_small_itself_is_hidden_with_its_part() -> None:
    assert hidden(*line(3, 0)) == {"part0": "few", "whole": "few"}


def test_one_that_is_kept_back_too_near_to_five_gets_company() -> None:
    """1 + 5 = 6: whoever knows that the other one is at least 5 knows that this is 1."""
    assert hidden(*line(1, 5, 30)) == {"part0": "few", "part1": "kept_back", "part2": "kept_back"}


def test_the_same_number_in_two_tables_is_hidden_in_both() -> None:
    values = {"began": 12, "asked": 12, "answered": 10, "left": 2}
    sums = [Sum("asked", ("answered", "left")), Sum("began", ("asked",))]
    assert hidden(values, sums)["left"] == "few"
    assert hidden(values, sums)["answered"] == "kept_back"


def _months(cells: list[int]) -> tuple[dict[str, int], list[Sum[str]]]:
    """Three months with their parts, and the sum of all."""
    values = {f"c{number}": cell for number, cell in enumerate(cells)}
    sums = []
    for month in range(3):
        parts = tuple(f"c{number}" for number in range(month * 3, month * 3 + 3))
        values[f"month{month}"] = sum(values[part] for part in parts)
        sums.append(Sum(f"month{month}", parts))
    values["all"] = sum(cells)
    sums.append(Sum("all", tuple(f"month{month}" for month in range(3))))
    return values, sums


def _possible(key: str, values: dict[str, int], gone: dict[str, Why], sums: list[Sum[str]]) -> set[int]:
    """Every value that this cell can have, by trying all tables; the sums follow from the cells."""
    cells = [each for each in values if each.startswith("c")]
    found = set()
    for tried in itertools.product(*(_choice(values, gone, cell) for cell in cells)):
        made = dict(zip(cells, tried, strict=True))
        for one in sums:
            made[one.whole] = sum(made[part] for part in one.parts)
        if all(_fits(values, gone, each, made[each]) for each in values):
            found.add(made[key])
    return found


def _choice(values: dict[str, int], gone: dict[str, Why], cell: str) -> list[int]:
    why = gone.get(cell)
    if why is None:
        return [values[cell]]
    return list(range(1, FEW) if why == "few" else range(FEW if values[cell] >= FEW else 1, LARGEST + 4))


def _fits(values: dict[str, int], gone: dict[str, Why], key: str, value: int) -> bool:
    why = gone.get(key)
    if why is None:
        return value == values[key]
    return 0 < value < FEW if why == "few" else value >= (FEW if values[key] >= FEW else 1)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 9]), min_size=9, max_size=9))
def test_in_sums_of_sums_none_can_be_worked_out(cells: list[int]) -> None:
    values, sums = _months(cells)
    gone = hidden(values, sums)
    few = [key for key, value in values.items() if 0 < value < FEW]
    assert set(few) <= set(gone)
    assume(math.prod(len(_choice(values, gone, key)) for key in values if key.startswith("c")) <= 5_000)
    for key in few:
        assert len(_possible(key, values, gone, sums)) > 1, (key, gone)
