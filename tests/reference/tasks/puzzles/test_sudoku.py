"""Properties of sudoku: which grids are accepted, and what is drawn."""

from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import sudoku
from tests.support.puzzles import accepted, instances, wrong_because, wrong_responses

SUDOKU = {"grid": ".2.4/.4.2/2143/4321"}
SUDOKU_COMPLETIONS = ["1234/3412/2143/4321", "3214/1432/2143/4321"]


def test_the_digits_of_the_blanks_are_an_answer_and_no_other_number_of_digits_is() -> None:
    assert accepted(sudoku, SUDOKU, "1331")
    assert accepted(sudoku, SUDOKU, "3113")
    for response in ("133", "13311", "1333", "133x", ""):
        assert not accepted(sudoku, SUDOKU, response)


def follows_the_rules(givens: str, answer: str) -> bool:
    """Check a grid with sets and slices, sharing no code with the verifier."""
    rows = answer.split("/")
    size = len(givens.split("/"))
    box, digits = isqrt(size), set("123456789"[:size])
    starts = range(0, size, box)
    units = [*rows, *map("".join, zip(*rows, strict=True))]
    units += [
        "".join(row[left : left + box] for row in rows[top : top + box])
        for top in starts
        for left in starts
    ]
    kept = all(given in (".", digit) for given, digit in zip(givens, answer, strict=True))
    return kept and all(len(unit) == size and set(unit) == digits for unit in units)


@pytest.mark.parametrize("level", sudoku.LEVELS)
def test_puzzles_have_the_blanks_of_their_level_and_demonstrations_follow_the_rules(
    level: int,
) -> None:
    size, blanks = sudoku.SIZE_AND_BLANKS[level]
    for instance in instances("sudoku", level, 20):
        assert [len(row) for row in instance["grid"].split("/")] == [size] * size
        assert instance["grid"].count(".") == blanks
        assert follows_the_rules(instance["grid"], sudoku.solve(instance))


@pytest.mark.parametrize("completion", SUDOKU_COMPLETIONS)
def test_every_valid_completion_is_accepted(completion: str) -> None:
    assert accepted(sudoku, SUDOKU, completion)


@given(data=st.data(), level=st.sampled_from([1, 4, 5]))
@settings(max_examples=80)
def test_verdicts_on_changed_grids_agree_with_a_check_by_sets(
    data: st.DataObject, level: int
) -> None:
    instance = instances("sudoku", level, 1)[0]
    answer = list(sudoku.solve(instance))
    cells = [index for index, character in enumerate(answer) if character != "/"]
    for _ in range(data.draw(st.integers(1, 2))):
        first, second = data.draw(st.sampled_from(cells)), data.draw(st.sampled_from(cells))
        answer[first], answer[second] = answer[second], answer[first]
    changed = "".join(answer)
    assert accepted(sudoku, instance, changed) == follows_the_rules(instance["grid"], changed)


@wrong_responses(
    ("given", "2134/3412/1243/4321"),
    ("not 4 rows", "1234/3412/2143/432", "1234/3412/2143", "1234/3412/2143/4321/"),
    ("not 4 rows", "1234341221434321", "1234/3412/2143/4321 "),
    ("not a digit", ".2.4/.4.2/2143/4321", "5234/3412/2143/4321", "0234/3412/2143/4321"),
    ("repeats", "1214/3412/2143/4321", "3234/1412/2143/4321", "1234/1432/2143/4321"),
)
def test_a_grid_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(sudoku, SUDOKU, response, why)


def test_right_rows_and_columns_do_not_excuse_wrong_boxes() -> None:
    latin_square = "1234/2341/3412/4123"
    assert not accepted(sudoku, {"grid": "..../..../..../...."}, latin_square)


def test_all_288_small_grids_can_be_drawn() -> None:
    random = np.random.default_rng(0)
    assert len({"".join(sudoku.random_cells(random, 4)) for _ in range(5000)}) == 288


@pytest.mark.parametrize(
    "grid", ["11../..../..../....", "12../..34/..../....", "123./...4/..../...."]
)
def test_an_impossible_grid_is_reported(grid: str) -> None:
    with pytest.raises(ValueError, match="no completion"):
        sudoku.solve({"grid": grid})
