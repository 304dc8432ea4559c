"""Properties of star battle: which placements are accepted, and what the search finds."""

from itertools import combinations, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import star_battle
from tests.support.puzzles import accepted, instances, wrong_because

EMPTY = {"grid": "..../..../..../...."}
EXAMPLE = {"grid": "..XX./.X.X./....X/.XXXX/X...X"}
WIDE = {"grid": "...../...../...../...../....."}


def starred(grid: str, stars: list[tuple[int, int]]) -> str:
    rows = [list(row) for row in grid.split("/")]
    for row, column in stars:
        rows[row][column] = "*"
    return "/".join(map("".join, rows))


def obeys(grid: str, stars: list[tuple[int, int]]) -> bool:
    """The rules on coordinates, sharing no code with the verifier."""
    size = len(grid.split("/"))
    lines = [sorted(row for row, _ in stars), sorted(column for _, column in stars)]
    apart = all(
        max(abs(row - below), abs(column - beside)) > 1
        for (row, column), (below, beside) in combinations(stars, 2)
    )
    free = all(grid.split("/")[row][column] == "." for row, column in stars)
    return lines == [list(range(size))] * 2 and apart and free


def test_the_example_of_the_documentation_is_a_problem_with_its_answer() -> None:
    assert star_battle.prompt(EXAMPLE) == "J..XX./.X.X./....X/.XXXX/X...X="
    assert (
        star_battle.solve(EXAMPLE) == star_battle.answer(EXAMPLE) == ".*XX./.X.X*/..*.X/*XXXX/X..*X"
    )


def test_of_all_65536_sets_of_stars_on_the_empty_square_exactly_two_are_accepted() -> None:
    cells = [(row, column) for row in range(4) for column in range(4)]
    responses = ("".join(row) for row in product(".*", repeat=16))
    squares = ["/".join(cells[first : first + 4] for first in (0, 4, 8, 12)) for cells in responses]
    right = {
        starred(EMPTY["grid"], list(stars))
        for stars in combinations(cells, 4)
        if obeys(EMPTY["grid"], list(stars))
    }
    assert {square for square in squares if accepted(star_battle, EMPTY, square)} == right
    assert len(right) == 2


@given(cells=st.text("...X", min_size=25, max_size=25))
@settings(max_examples=12)
def test_of_all_ways_to_put_a_star_into_every_row_exactly_those_by_the_rules_are_accepted(
    cells: str,
) -> None:
    grid = "/".join(cells[first : first + 5] for first in range(0, 25, 5))
    placements = [list(enumerate(columns)) for columns in product(range(5), repeat=5)]
    right = [starred(grid, stars) for stars in placements if obeys(grid, stars)]
    fields = [starred(grid, stars) for stars in placements]
    assert [field for field in fields if accepted(star_battle, {"grid": grid}, field)] == right
    if right:
        assert star_battle.solve({"grid": grid}) in right
    else:
        with pytest.raises(ValueError, match="no placement"):
            star_battle.solve({"grid": grid})


@pytest.mark.parametrize(
    "response", [".*.../...*./*..../..*../....*", "*..../..*../....*/.*.../...*."]
)
def test_every_placement_by_the_rules_is_accepted(response: str) -> None:
    assert accepted(star_battle, WIDE, response)


@pytest.mark.parametrize(
    ("instance", "response", "why"),
    [
        (WIDE, ".*.../...*./*..../..*../.....", "row 5 holds 0 stars"),
        (WIDE, ".*.*./...../*..../..*../....*", "row 1 holds 2 stars"),
        (WIDE, ".*.../...*./*..../..*../.*...", "column 2 holds 2 stars"),
        (WIDE, "*..../.*.../...*./..*../....*", "row 1 column 1 and row 2 column 2 touch"),
        (WIDE, ".*.../*..../..*../....*/...*.", "row 1 column 2 and row 2 column 1 touch"),
        (EXAMPLE, ".*XX./.X.X*/..*.X/*XXXX/X.*.X", "column 3 holds 2 stars"),
        (EXAMPLE, ".*XX./.X.X*/..*.X/X*XXX/X..*X", "row 4 column 1 is neither"),
        (EXAMPLE, ".*XX./.X.X*/..*.X/*XXXX/X..**", "row 5 column 5 is neither"),
        (EXAMPLE, ".*.X./.X.X*/..*.X/*XXXX/X..*X", "row 1 column 3 is neither"),
        (EXAMPLE, "X*XX./.X.X*/..*.X/*XXXX/X..*X", "row 1 column 1 is neither"),
        (EXAMPLE, ".*XX./.X.X*/..*.X/*XXXX", "not 5 rows"),
        (EXAMPLE, ".*XX./.X.X*/..*.X/*XXXX/X..*X/", "not 5 rows"),
        (EXAMPLE, "25314", "not 5 rows"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(
    instance: dict[str, str], response: str, why: str
) -> None:
    assert wrong_because(star_battle, instance, response, why)


@pytest.mark.parametrize("level", [1, 2])
def test_a_puzzle_drawn_has_a_single_answer(level: int) -> None:
    for instance in instances("star_battle", level, 5):
        placements = [list(enumerate(columns)) for columns in permutations(range(level + 4))]
        right = [
            starred(instance["grid"], stars)
            for stars in placements
            if obeys(instance["grid"], stars)
        ]
        assert right == [star_battle.solve(instance)]


@pytest.mark.parametrize("level", star_battle.LEVELS)
def test_puzzles_have_the_side_of_their_level_and_demonstrations_obey_the_rules(level: int) -> None:
    for instance in instances("star_battle", level, 10):
        rows = star_battle.solve(instance).split("/")
        assert [len(row) for row in rows] == [level + 4] * (level + 4)
        assert star_battle.work(instance) == level + 4
        assert obeys(instance["grid"], [(row, line.index("*")) for row, line in enumerate(rows)])
