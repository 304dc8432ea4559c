"""Properties of the variations of our families that only collections have."""

import pytest

from seed.reference.tasks.puzzles import binario, countdown, hamiltonian, magic_square, twentyfour
from seed.reference.tasks.puzzles.solvers.integer_square import integer_square
from tests.support.puzzles import accepted

IMPOSSIBLE_FIVES = ((1, 1, 1, 1, 1), (1, 1, 1, 1, 2))


def test_equal_lines_are_allowed_exactly_where_the_instance_allows_them() -> None:
    doubled = "0011/0011/1100/1100"
    assert not accepted(binario, {"grid": "..../..../..../...."}, doubled)
    free = {"grid": "..../..../..../....", "distinct_lines": False}
    assert accepted(binario, free, doubled)
    assert not accepted(binario, free, "0001/0011/1100/1100")
    assert binario.prompt(free) == "BB..../..../..../....="
    only = {"grid": "0.11/..11/11../1100", "distinct_lines": False}
    assert binario.solve(only) == doubled
    with pytest.raises(ValueError, match="no completion"):
        binario.solve({"grid": "0.11/..11/11../1100"})


def test_five_and_six_numbers_make_24_exactly_if_an_exhaustive_search_finds_a_way() -> None:
    for numbers in IMPOSSIBLE_FIVES:
        assert twentyfour.shortest_expression(numbers) is None
        with pytest.raises(ValueError, match="24 cannot be made"):
            twentyfour.solve({"numbers": numbers})
    fives = (1, 1, 1, 1, 6), (2, 2, 2, 2, 3), (1, 1, 4, 6, 13)
    for possible in (*fives, (1, 2, 2, 5, 7, 13)):
        instance = {"numbers": possible}
        assert accepted(twentyfour, instance, twentyfour.solve(instance))


def test_vertices_without_edges_are_vertices() -> None:
    assert hamiltonian.answer({"kind": "P", "edges": "AB C"}) == "impossible"
    assert not accepted(hamiltonian, {"kind": "P", "edges": "AB C"}, "AB")


UNFILLED = ". . ./. . ./. . ."
PARTLY_FILLED = (". . ./. 5 ./. . .", "-2 . ./. . ./. . 46", ". . ./. . ./29 64 .")


@pytest.mark.parametrize("grid", [UNFILLED, *PARTLY_FILLED, ". 1 ./3 . ./. . 2"])
def test_a_square_of_any_integers_is_completed(grid: str) -> None:
    instance = {"grid": grid, "any_integers": True}
    assert accepted(magic_square, instance, magic_square.solve(instance))
    assert accepted(magic_square, instance, magic_square.answer(instance))
    assert magic_square.prompt(instance) == f"QQ{grid}="


@pytest.mark.parametrize(
    "impossible",
    [
        {0: 1, 2: 1},  # twice the same number
        {0: 1, 4: 3, 8: 4},  # the middle is the mean of opposite corners
        {0: 1, 8: 4},  # and a whole number
        {0: 9, 1: 5, 2: 7, 4: 8},  # a row that does not sum to three times the middle
    ],
)
def test_where_no_integers_complete_a_square_none_are_found(impossible: dict[int, int]) -> None:
    assert integer_square(impossible) is None


@pytest.mark.parametrize(
    ("square", "magic"),
    [
        *(("8 1 6/3 5 7/4 9 2", True), ("80 10 60/30 50 70/40 90 20", True)),
        *(("0 1 2/3 4 5/6 7 8", False), ("5 5 5/5 5 5/5 5 5", False)),
        ("8 1 6/3 05 7/4 9 2", False),
    ],
)
def test_of_squares_of_any_integers_those_with_equal_sums_and_different_numbers_are_accepted(
    square: str, magic: bool
) -> None:
    assert accepted(magic_square, {"grid": UNFILLED, "any_integers": True}, square) == magic


@pytest.mark.parametrize(
    ("numbers", "target", "expression"),
    [
        ([2, 15, 12, 5, 2], 94, "(2-15+12*5)*2"),
        ([13, 16, 18, 12, 13, 3], 78, "13-16+(18-12)*13+3"),
        ([3, 2, 4], 6, "3/2*4"),
        ([1, 2, 3], 4, "-1+2+3"),
        ([1, 2, 3], 7, "1-2*-3"),
        ([1, 2, 3], 7, "1--(2*3)"),
        ([4, 4, 5], 5, "4-4+5"),
    ],
)
def test_any_rational_number_on_the_way_is_right_exactly_where_the_instance_says_so(
    numbers: list[int], target: int, expression: str
) -> None:
    free = {"numbers": numbers, "target": target, "any_rationals": True}
    assert accepted(countdown, free, expression)
    assert not accepted(countdown, {"numbers": numbers, "target": target}, expression)
    for wrong in (f"{expression}+0", f"{expression}-", f"({expression}", f"0*{expression}"):
        assert not accepted(countdown, free, wrong)


@pytest.mark.parametrize(
    ("numbers", "target"), [([3, 3, 8, 8], 24), ([1, 2], -3), ([2, 3], -1), ([2, 2], 0)]
)
def test_countdown_with_any_rationals_is_solved_where_it_can_be(
    numbers: list[int], target: int
) -> None:
    free = {"numbers": numbers, "target": target, "any_rationals": True}
    assert accepted(countdown, free, countdown.solve(free))
    with pytest.raises(ValueError, match="cannot be made"):
        countdown.solve({"numbers": numbers, "target": target})
    assert countdown.prompt(free).startswith("NN")
    assert countdown.identity(free) != countdown.identity({"numbers": numbers, "target": target})


@pytest.mark.parametrize("expression", ["2-3+", "2-3~4", "~2", "2-+3+4", "--", "-", "2-3+4.0"])
def test_a_sign_stands_before_an_atom_only(expression: str) -> None:
    free = {"numbers": [2, 3, 4], "target": 3, "any_rationals": True}
    assert accepted(countdown, free, "2-3+4")
    assert not accepted(countdown, free, expression)
