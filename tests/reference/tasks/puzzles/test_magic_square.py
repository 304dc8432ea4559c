"""Properties of magic squares: every completion that keeps the rules is accepted, nothing else."""

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import magic_square
from tests.support.puzzles import accepted, wrong_because, wrong_responses

LO_SHU = "8 1 6/3 5 7/4 9 2"
PUZZLE = {"grid": "8 . 6/. 5 7/4 9 ."}
DURER = "16 3 2 13/5 10 11 8/9 6 7 12/4 15 14 1"


def is_magic(square: np.ndarray[Any, Any]) -> bool:
    """Check a square with array sums, sharing no code with the verifier."""
    sums = {*square.sum(0), *square.sum(1), np.trace(square), np.trace(square[::-1])}
    return len(sums) == 1 and sorted(square.ravel()) == list(range(1, square.size + 1))


def square_of(text: str) -> np.ndarray[Any, Any]:
    return np.array([[int(word) for word in row.split(" ")] for row in text.split("/")])


def text_of(square: np.ndarray[Any, Any]) -> str:
    return "/".join(" ".join(map(str, row)) for row in square.tolist())


@pytest.mark.parametrize("grid", ["8 . 6/. 5 7/4 9 .", ". 1 ./3 5 7/4 9 2", ". . ./3 5 7/4 9 2"])
def test_of_all_fillings_of_three_or_fewer_blanks_exactly_the_magic_ones_are_accepted(
    grid: str,
) -> None:
    blanks = grid.count(".")
    for numbers in product(range(1, 10), repeat=blanks):
        answers = iter(numbers)
        filled = "".join(
            str(next(answers)) if character == "." else character for character in grid
        )
        magic = is_magic(square_of(filled))
        assert accepted(magic_square, {"grid": grid}, filled) == magic
        assert accepted(magic_square, {"grid": grid}, " ".join(map(str, numbers))) == magic


def test_all_eight_squares_around_a_five_are_accepted_and_none_of_the_other_orders() -> None:
    instance = {"grid": ". . ./. 5 ./. . ."}
    magic_count = 0
    for number, order in enumerate(permutations((1, 2, 3, 4, 6, 7, 8, 9))):
        corners_and_middles = [*order[:4], 5, *order[4:]]
        rows = [corners_and_middles[first : first + 3] for first in (0, 3, 6)]
        lines = [
            *rows,
            *zip(*rows, strict=True),
            [rows[i][i] for i in range(3)],
            [rows[i][2 - i] for i in range(3)],
        ]
        magic = all(sum(line) == 15 for line in lines)
        magic_count += magic
        if magic or number % 20 == 0:
            assert accepted(magic_square, instance, " ".join(map(str, order))) == magic
    assert magic_count == 8


@given(seed=st.integers(0, 10**6), level=st.sampled_from(magic_square.LEVELS), data=st.data())
@settings(max_examples=60)
def test_verdicts_on_squares_with_swapped_numbers_agree_with_a_check_by_arrays(
    seed: int, level: int, data: st.DataObject
) -> None:
    instance = magic_square.draw(np.random.default_rng(seed), level)
    side, _ = magic_square.SIDE_AND_BLANKS[level]
    square = square_of(magic_square.solve(instance))
    assert is_magic(square)
    cells, indices = square.ravel(), st.integers(0, side * side - 1)
    for _ in range(data.draw(st.integers(0, 2))):
        first, second = data.draw(indices), data.draw(indices)
        cells[first], cells[second] = cells[second], cells[first]
    givens = instance["grid"].replace("/", " ").split(" ")
    kept = all(given in (".", str(number)) for given, number in zip(givens, cells, strict=True))
    assert accepted(magic_square, instance, text_of(cells.reshape(side, side))) == (
        kept and is_magic(square)
    )


def test_every_completion_is_accepted_not_only_that_of_the_demonstration() -> None:
    """Dürer's square stays magic if its two middle rows and its two middle columns are swapped."""
    order = [0, 2, 1, 3]
    swapped = text_of(square_of(DURER)[np.ix_(order, order)])
    instance = {"grid": "16 . . 13/. . . ./. . . ./4 . . 1"}
    assert swapped != DURER
    assert accepted(magic_square, instance, DURER) and accepted(magic_square, instance, swapped)


@wrong_responses(
    ("given", "6 1 8/7 5 3/2 9 4"),
    ("not 3 rows", "8 1 6/3 5 7/4 9 2/", "8 1 6/3 5 7/4 9 2/1 2 3", "8 1 6/3 5 7"),
    ("not 3 rows", "8 1 6 3/3 5 7/4 9 2", "8 1 6/3 5 7/4 9 2 ", " 8 1 6/3 5 7/4 9 2"),
    ("not 3 rows", "8  1 6/3 5 7/4 9 2", "816/357/492", "1 3", "1 3 2 2", "1 3 2 "),
    ("not 3 rows", "8 1 6/3 5 7/4 9 2=1 3 2"),
    ("not a number", "8 . 6/. 5 7/4 9 .", "8 01 6/3 5 7/4 9 2", "8 +1 6/3 5 7/4 9 2"),
    ("not a number", "8 1.0 6/3 5 7/4 9 2", "8 10 6/3 5 7/4 9 2", "0 3 2", "-1 3 2", "1 3 2\n"),
    ("twice", "5 5 5"),
    ("sum to 15", "3 1 2"),
    ("ASCII", "1 3 \u0662"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(magic_square, PUZZLE, response, why)


def test_equal_rows_and_columns_do_not_excuse_a_diagonal() -> None:
    semi_magic = "1 5 9/6 7 2/8 3 4"
    assert not accepted(magic_square, {"grid": ". . ./. . ./. . ."}, semi_magic)
    assert "[1, 5, 9]" in magic_square.verify({"grid": ". . ./. . ./. . ."}, semi_magic).why


def test_the_blanks_alone_answer_too() -> None:
    assert magic_square.solve(PUZZLE) == LO_SHU
    assert magic_square.answer(PUZZLE) == "1 3 2"


@pytest.mark.parametrize("level", magic_square.LEVELS)
def test_puzzles_have_the_side_and_the_blanks_of_their_level(level: int) -> None:
    side, blanks = magic_square.SIDE_AND_BLANKS[level]
    for seed in range(10):
        grid = magic_square.draw(np.random.default_rng(seed), level)["grid"]
        assert [len(row.split(" ")) for row in grid.split("/")] == [side] * side
        assert grid.count(".") == blanks


@given(seed=st.integers(0, 10**6), side=st.sampled_from([3, 4, 5]))
@settings(max_examples=60)
def test_every_drawn_square_is_magic(seed: int, side: int) -> None:
    square = magic_square.random_square(np.random.default_rng(seed), side)
    assert is_magic(np.array(square).reshape(side, side))


def test_all_eight_small_squares_and_hundreds_of_large_ones_can_be_drawn() -> None:
    random = np.random.default_rng(0)
    assert len({tuple(magic_square.random_square(random, 3)) for _ in range(200)}) == 8
    assert len({tuple(magic_square.random_square(random, 5)) for _ in range(1000)}) > 900


@pytest.mark.parametrize(
    "grid", ["1 2 ./. . ./. . .", "9 8 ./. . ./. . .", ". . ./. 4 ./. . .", "1 . ./. 5 ./. . 8"]
)
def test_a_grid_without_a_completion_is_reported(grid: str) -> None:
    with pytest.raises(ValueError, match="no completion"):
        magic_square.solve({"grid": grid})
