"""Properties of minesweeper: what is certain, and that exactly the certain mines are accepted."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import minesweeper
from tests.support.puzzles import accepted, instances, wrong_because

# Row 1: hidden, 2, 1. Row 2: hidden, mine, 2. Row 3: hidden, 3, mine; only the two on the right are
# certain.
GRID = {"grid": ".21/..2/.3."}


def certain_mines(grid: str) -> set[str]:
    """Try all placements on the hidden cells and keep the cells with a mine in all that agree."""
    cells = {
        (r, c): mark for r, line in enumerate(grid.split("/"), 1) for c, mark in enumerate(line, 1)
    }
    hidden = [cell for cell, mark in cells.items() if mark == "."]
    agreeing = []
    for bits in product((0, 1), repeat=len(hidden)):
        mines = {cell for cell, bit in zip(hidden, bits, strict=True) if bit}
        if all(
            sum(abs(r - row) <= 1 and abs(c - column) <= 1 for row, column in mines) == int(mark)
            for (r, c), mark in cells.items()
            if mark != "."
        ):
            agreeing.append(mines)
    assert agreeing
    return {f"{row}{column}" for row, column in set.intersection(*agreeing)}


@pytest.mark.parametrize("seed", range(12))
def test_of_all_sets_of_cells_exactly_the_certain_mines_are_accepted(seed: int) -> None:
    instance = minesweeper.draw(np.random.default_rng(seed), 1)
    right = certain_mines(instance["grid"])
    cells = [f"{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
    for count in range(len(cells) + 1):
        for chosen in combinations(cells, count):
            assert accepted(minesweeper, instance, " ".join(chosen)) == (set(chosen) == right)


@pytest.mark.parametrize(("level", "count"), [(1, 40), (2, 12)])
def test_demonstrations_list_what_trying_all_placements_finds_certain(
    level: int, count: int
) -> None:
    for instance in instances("minesweeper", level, count):
        if instance["grid"].count(".") <= 11:
            assert set(minesweeper.answer(instance).split(" ")) == certain_mines(instance["grid"])


@pytest.mark.parametrize("level", minesweeper.LEVELS)
def test_grids_are_square_and_some_but_not_all_hidden_cells_are_certain_mines(level: int) -> None:
    for instance in instances("minesweeper", level):
        rows = instance["grid"].split("/")
        assert [len(row) for row in rows] == [level + 2] * (level + 2)
        hidden = minesweeper.work(instance)
        assert 0 < len(minesweeper.answer(instance).split(" ")) < hidden
        assert hidden == instance["grid"].count(".")


@given(seed=st.integers(0, 10**6), level=st.sampled_from(minesweeper.LEVELS), data=st.data())
@settings(max_examples=60)
def test_any_order_of_the_cells_is_accepted(seed: int, level: int, data: st.DataObject) -> None:
    instance = minesweeper.draw(np.random.default_rng(seed), level)
    order = data.draw(st.permutations(minesweeper.answer(instance).split(" ")))
    assert accepted(minesweeper, instance, " ".join(order))


MUTATIONS = {
    "a certain mine is missing": ("22", "is not listed"),
    "a cell that may hold a mine": ("11 22 33", "11 is not"),
    "another cell that may hold a mine": ("22 31 33", "31 is not"),
    "one cell in place of another": ("21 33", "21 is not"),
    "an open cell": ("22 33 12", "12 is not"),
    "a cell outside the grid": ("22 33 44", "44 is not"),
    "a cell twice": ("22 33 22", "listed twice"),
    "a cell twice and one missing": ("22 22", "listed twice"),
    "counted from 0": ("11 22", "11 is not"),
    "a cell with a 0": ("22 33 03", "not a list"),
    "a negative row": ("22 -33", "not a list"),
    "nothing": ("", "not a list"),
    "no separator": ("2233", "not a list"),
    "commas": ("22,33", "not a list"),
    "tuples": ("(2,2) (3,3)", "not a list"),
    "a trailing blank": ("22 33 ", "not a list"),
    "two blanks": ("22  33", "not a list"),
    "a line break": ("22 33\n", "not a list"),
    "trailing junk": ("22 33.", "not a list"),
    "the marked grid alone": (".21/.*2/.3*", "not a list"),
    "nothing behind the last equals sign": ("22 33=", "not a list"),
    "a wrong list behind the right one": ("22 33=22", "is not listed"),
    "both a right and a wrong list": ("22 33 or 22", "not a list"),
}


@pytest.mark.parametrize(("response", "why"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert accepted(minesweeper, GRID, "22 33")
    assert wrong_because(minesweeper, GRID, response, why)


def test_rows_come_before_columns() -> None:
    sideways = {"grid": "1./11"}
    assert accepted(minesweeper, sideways, "12")
    assert not accepted(minesweeper, sideways, "21")


@given(reasoning=st.text(alphabet="*.123/ =", max_size=12))
@settings(max_examples=50)
def test_what_precedes_the_last_equals_sign_is_never_judged(reasoning: str) -> None:
    for order in ("22 33", "33 22"):
        assert accepted(minesweeper, GRID, f"{reasoning}={order}")
    assert not accepted(minesweeper, GRID, f"{reasoning}=22")


def test_the_example_of_the_module() -> None:
    assert minesweeper.prompt(GRID) == "R.21/..2/.3.="
    assert minesweeper.solve(GRID) == ".21/.*2/.3*=22 33"


def test_a_grid_that_no_placement_agrees_with_is_reported() -> None:
    with pytest.raises(ValueError, match="no placement"):
        minesweeper.solve({"grid": "1.2/.../0.0"})
