"""Properties of light up: which lightings are accepted, and what the search finds."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import light_up
from tests.support.puzzles import accepted, instances, wrong_because

EXAMPLE = {"grid": "..../..#0/#100/1..."}
OPEN = {"grid": ".../.../..."}
WALLS = "#01234"


def obeys(lighted: str) -> bool:
    """The rules by following every ray of every bulb, sharing no code with the verifier."""
    rows = lighted.split("/")
    room = {
        (row, column): mark for row, line in enumerate(rows) for column, mark in enumerate(line)
    }
    lit = {cell: 0 for cell, mark in room.items() if mark not in WALLS}
    for (row, column), mark in room.items():
        around = [(-1, 0), (1, 0), (0, -1), (0, 1)]
        if mark == "*":
            for down, right in around:
                cell = row + down, column + right
                while room.get(cell, "#") not in WALLS:
                    lit[cell] += 1
                    cell = cell[0] + down, cell[1] + right
        if mark in "01234" and int(mark) != sum(
            room.get((row + down, column + right)) == "*" for down, right in around
        ):
            return False
    return all((light == 0) == (room[cell] == "*") for cell, light in lit.items())


def every_lighting(grid: str) -> list[str]:
    options = [".*" if cell == "." else cell for cell in grid]
    return ["".join(cells) for cells in product(*options)]


def test_the_example_of_the_documentation_is_a_problem_with_its_answer() -> None:
    assert light_up.prompt(EXAMPLE) == "L..../..#0/#100/1...="
    assert light_up.solve(EXAMPLE) == light_up.answer(EXAMPLE) == ".*../*.#0/#100/1*.."


@given(cells=st.text(".....##012", min_size=9, max_size=9))
@settings(max_examples=60)
def test_of_all_sets_of_bulbs_in_a_small_room_exactly_those_by_the_rules_are_accepted(
    cells: str,
) -> None:
    grid = "/".join(cells[first : first + 3] for first in (0, 3, 6))
    right = [lighting for lighting in every_lighting(grid) if obeys(lighting)]
    assert [
        lighting
        for lighting in every_lighting(grid)
        if accepted(light_up, {"grid": grid}, lighting)
    ] == right
    if right:
        assert light_up.solve({"grid": grid}) in right
    else:
        with pytest.raises(ValueError, match="no placement"):
            light_up.solve({"grid": grid})


def test_the_empty_room_is_lit_in_exactly_six_ways() -> None:
    lightings = [
        lighting for lighting in every_lighting(OPEN["grid"]) if accepted(light_up, OPEN, lighting)
    ]
    assert len(lightings) == 6
    assert {lighting.count("*") for lighting in lightings} == {3}


@pytest.mark.parametrize(
    ("instance", "response", "why"),
    [
        (OPEN, "*../.*./...", "row 3 column 3 is dark"),
        (OPEN, "*.*/.*./...", "row 1 column 1 and row 1 column 3 shine on each other"),
        (OPEN, "*../.*./*.*", "shine on each other"),
        (OPEN, "*../*../..*", "row 1 column 1 and row 2 column 1 shine on each other"),
        (EXAMPLE, ".*../*.*0/#100/1*..", "row 2 column 3 is neither"),
        (EXAMPLE, ".*../*.#0/#100/*...", "row 4 column 1 is neither"),
        (EXAMPLE, ".*../*.#./#100/1*..", "row 2 column 4 is neither"),
        (EXAMPLE, ".L../L.#0/#100/1L..", "row 1 column 2 is neither"),
        (EXAMPLE, ".*../*.#0/#100", "not 4 rows"),
        (EXAMPLE, ".*../*.#0/#100/1*../....", "not 4 rows"),
        (EXAMPLE, "[(0, 1), (1, 0), (3, 1)]", "not 4 rows"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(
    instance: dict[str, str], response: str, why: str
) -> None:
    assert wrong_because(light_up, instance, response, why)


@pytest.mark.parametrize(
    ("clue", "response", "bulbs"),
    [(1, "*1*/.*./...", 3), (2, "*2*/.*./...", 3), (0, "*0./..*/.*.", 1), (3, "*3./..*/.*.", 1)],
)
def test_another_number_of_bulbs_beside_a_wall_is_wrong(
    clue: int, response: str, bulbs: int
) -> None:
    why = f"the wall on row 1 column 2 has {bulbs} bulbs beside it instead of {clue}"
    assert wrong_because(light_up, {"grid": f".{clue}./.../..."}, response, why)


def test_beside_a_wall_without_a_number_there_may_be_any_number_of_bulbs() -> None:
    for lighting in ("*#*/.*./...", "*#./..*/.*.", ".#*/*../.*."):
        assert accepted(light_up, {"grid": ".#./.../..."}, lighting)


def test_walls_stop_the_light() -> None:
    assert accepted(light_up, {"grid": ".#./###/.#."}, "*#*/###/*#*")
    assert accepted(light_up, {"grid": ".2./###/.#."}, "*2*/###/*#*")


@pytest.mark.parametrize("level", light_up.LEVELS)
def test_puzzles_have_the_side_of_their_level_and_demonstrations_obey_the_rules(level: int) -> None:
    for instance in instances("light_up", level, 10):
        assert [len(row) for row in instance["grid"].split("/")] == [level + 3] * (level + 3)
        assert instance["grid"].count(".") == light_up.work(instance) > 0
        assert obeys(light_up.solve(instance))
