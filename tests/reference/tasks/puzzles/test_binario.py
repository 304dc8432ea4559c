"""Properties of binario: which completions are accepted, and what the search completes."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import binario
from tests.support.puzzles import accepted, instances, wrong_because

EMPTY = {"grid": "..../..../..../...."}
EXAMPLE = {"grid": "..../.0.0/01.0/1..."}
WIDE = {"grid": "/".join(["......"] * 6)}


def balanced(lines: list[str]) -> bool:
    """The rules by regular counting, sharing no code with the verifier."""
    triples = [set(line[first : first + 3]) for line in lines for first in range(len(line) - 2)]
    even = all(2 * sum(map(int, line)) == len(line) for line in lines)
    return even and {"0"} not in triples and {"1"} not in triples and len(set(lines)) == len(lines)


def all_grids() -> set[str]:
    """Every 4x4 grid that keeps the rules, out of all 65536."""
    squares = product(map("".join, product("01", repeat=4)), repeat=4)
    return {
        "/".join(rows)
        for rows in squares
        if balanced(list(rows)) and balanced(list(map("".join, zip(*rows, strict=True))))
    }


GRIDS = all_grids()


def completions(grid: str) -> set[str]:
    """The 4x4 grids among all that keep the givens."""
    return {
        whole
        for whole in GRIDS
        if all(one in (".", filled) for one, filled in zip(grid, whole, strict=True))
    }


def test_the_example_of_the_documentation_is_a_problem_with_its_answers() -> None:
    assert binario.prompt(EXAMPLE) == "B..../.0.0/01.0/1...="
    assert binario.solve(EXAMPLE) == "0101/1010/0110/1001"
    assert binario.answer(EXAMPLE) == "0101111001"


def test_of_all_65536_fillings_of_the_empty_square_exactly_the_72_by_the_rules_are_accepted() -> (
    None
):
    fillings = ("".join(digits) for digits in product("01", repeat=16))
    accepted_fillings = {filling for filling in fillings if accepted(binario, EMPTY, filling)}
    assert accepted_fillings == {grid.replace("/", "") for grid in GRIDS}
    assert len(accepted_fillings) == 72
    assert all(accepted(binario, EMPTY, grid) for grid in GRIDS)


@pytest.mark.parametrize("level", [1, 2])
def test_of_all_fillings_of_the_blanks_exactly_the_completions_are_accepted(level: int) -> None:
    for instance in instances("binario", level, 8):
        blanks = [index for index, cell in enumerate(instance["grid"]) if cell == "."]
        fillings = map("".join, product("01", repeat=len(blanks)))
        accepted_fillings = {
            filling for filling in fillings if accepted(binario, instance, filling)
        }
        assert accepted_fillings == {
            "".join(whole[index] for index in blanks) for whole in completions(instance["grid"])
        }


@given(cells=st.text("01....", min_size=16, max_size=16))
@settings(max_examples=60)
def test_a_grid_is_completed_exactly_if_it_can_be(cells: str) -> None:
    grid = "/".join(cells[first : first + 4] for first in range(0, 16, 4))
    if completions(grid):
        assert binario.solve({"grid": grid}) in completions(grid)
    else:
        with pytest.raises(ValueError, match="no completion"):
            binario.solve({"grid": grid})


@pytest.mark.parametrize(
    ("instance", "response", "why"),
    [
        (EMPTY, "0111/1010/0010/1001", "row 1 does not hold as many"),
        (EMPTY, "0101/0011/1010/0101", "column 1 does not hold as many"),
        (WIDE, "100110/110001/001110/100101/011010/011001", "row 2 holds three equal"),
        (WIDE, "101001/011001/101100/100110/010011/010110", "column 3 holds three equal"),
        (WIDE, "100110/011010/100101/101001/011010/010101", "row 2 and row 5 are equal"),
        (WIDE, "011001/110010/001101/010101/101010/100110", "column 1 and column 5 are equal"),
        (EXAMPLE, "0011/0101/1010/1100", "given"),
        (EXAMPLE, "0101/1010/0110/1002", "not one of 01"),
        (EXAMPLE, "0101/1010/0110/1...", "not one of 01"),
        (EXAMPLE, "0101/1010/0110", "not 4 rows"),
        (EXAMPLE, "0101/1010/0110/1001/1001", "not 4 rows"),
        (EXAMPLE, "010111100", "not 4 rows"),
        (EXAMPLE, "01011110011", "not 4 rows"),
        (EXAMPLE, "0101111001\n", "not 4 rows"),
        (EXAMPLE, "0 1 0 1/1 0 1 0/0 1 1 0/1 0 0 1", "not 4 rows"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(
    instance: dict[str, Any], response: str, why: str
) -> None:
    assert wrong_because(binario, instance, response, why)


def test_a_row_may_equal_a_column() -> None:
    rows = binario.solve(EMPTY).split("/")
    assert set(rows) & set(map("".join, zip(*rows, strict=True)))


def test_all_72_grids_can_be_drawn() -> None:
    random = np.random.default_rng(0)
    assert {binario.solve(binario.draw(random, 1)) for _ in range(1500)} == GRIDS


@pytest.mark.parametrize("level", binario.LEVELS)
def test_puzzles_have_the_size_and_blanks_of_their_level(level: int) -> None:
    size, blanks = binario.SIZE_AND_BLANKS[level]
    for instance in instances("binario", level, 10):
        assert [len(row) for row in instance["grid"].split("/")] == [size] * size
        assert instance["grid"].count(".") == binario.work(instance) == blanks
        rows = binario.solve(instance).split("/")
        assert balanced(rows) and balanced(list(map("".join, zip(*rows, strict=True))))
