"""Properties of hitori: which shadings are accepted, and what the search finds."""

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import hitori
from tests.support.puzzles import accepted, instances, wrong_because, wrong_responses

EXAMPLE = {"grid": "3121/1231/2413/1144"}
DISTINCT = {"grid": "123/231/312"}


def obeys(shaded: str) -> bool:
    """The rules on the written grid, connected by repeated growth: no code of the verifier."""
    rows = shaded.split("/")
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    shown = [line.replace("#", "") for line in rows + columns]
    once = all(len(set(line)) == len(line) for line in shown)
    unshaded = {
        (row, column)
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark != "#"
    }
    walked = set(list(unshaded)[:1])
    for _ in unshaded:
        walked |= {
            cell
            for cell in unshaded
            for neighbour in walked
            if abs(cell[0] - neighbour[0]) + abs(cell[1] - neighbour[1]) == 1
        }
    return once and all("##" not in line for line in rows + columns) and walked == unshaded


def every_shading(grid: str) -> list[str]:
    shadings = product((False, True), repeat=len(grid.replace("/", "")))

    def shade(chosen: tuple[bool, ...]) -> str:
        answers = iter(chosen)
        return "".join(cell if cell == "/" or not next(answers) else "#" for cell in grid)

    return [shade(chosen) for chosen in shadings]


def test_the_example_of_the_documentation_is_a_problem_with_its_answer() -> None:
    assert hitori.prompt(EXAMPLE) == "I3121/1231/2413/1144="
    assert hitori.solve(EXAMPLE) == hitori.answer(EXAMPLE) == "3#21/123#/2413/#1#4"


@given(cells=st.text("123", min_size=9, max_size=9))
@settings(max_examples=30)
def test_of_all_shadings_of_a_small_square_exactly_those_by_the_rules_are_accepted(
    cells: str,
) -> None:
    grid = "/".join(cells[first : first + 3] for first in (0, 3, 6))
    right = [shading for shading in every_shading(grid) if obeys(shading)]
    assert [
        shading for shading in every_shading(grid) if accepted(hitori, {"grid": grid}, shading)
    ] == right
    if right:
        assert hitori.solve({"grid": grid}) in right
    else:
        with pytest.raises(ValueError, match="no shading"):
            hitori.solve({"grid": grid})


def test_of_all_65536_shadings_exactly_those_by_the_rules_are_accepted() -> None:
    accepted_shadings = {
        shading for shading in every_shading(EXAMPLE["grid"]) if accepted(hitori, EXAMPLE, shading)
    }
    apart = (shading for shading in every_shading(EXAMPLE["grid"]) if "##" not in shading)
    assert accepted_shadings == {shading for shading in apart if obeys(shading)}


def test_cells_that_need_no_shade_may_be_shaded_as_well() -> None:
    assert accepted(hitori, DISTINCT, "123/231/312")
    assert accepted(hitori, DISTINCT, "#23/231/31#")
    assert accepted(hitori, DISTINCT, "123/2#1/312")


@wrong_responses(
    ("the number 1 repeats in row 1", "3121/123#/2413/#1#4"),
    ("the number 1 repeats in column 1", "3#21/123#/2413/1##4"),
    ("row 3 column 3 and row 4 column 3 touch", "3#21/123#/24#3/#1#4"),
    ("row 1 column 2 and row 1 column 3 touch", "3##1/123#/2413/#1#4"),
    ("row 1 column 4 and row 2 column 4 touch", "3#2#/123#/2413/#1#4"),
    ("the number 1 repeats in row 2", "3#21/12#1/2413/#1#4"),
    ("row 4 column 4 is neither", "3#21/123#/2413/#1#5", "3#21/123#/2413/#1#."),
    ("not 4 rows", "3#21/123#/2413", "3#21/123#/2413/#1#4#", "(0,1),(1,3),(3,0),(3,2)"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(hitori, EXAMPLE, response, why)


@pytest.mark.parametrize("response", ["1#3/#31/312", "12#/2#1/#12", "#23/2#1/31#"])
def test_unshaded_cells_that_are_not_connected_are_wrong(response: str) -> None:
    why = hitori.verify(DISTINCT, response).why
    assert why == "the unshaded cells are not connected"


def test_renaming_the_numbers_changes_the_prompt_and_not_the_problem() -> None:
    renamed = {"grid": EXAMPLE["grid"].translate(str.maketrans("1234", "4172"))}
    assert hitori.prompt(renamed) != hitori.prompt(EXAMPLE)
    assert hitori.identity(renamed) == hitori.identity(EXAMPLE)
    shaded = [
        [index for index, cell in enumerate(hitori.solve(one)) if cell == "#"]
        for one in (renamed, EXAMPLE)
    ]
    assert shaded[0] == shaded[1]
    grids = EXAMPLE, DISTINCT, {"grid": "1213/1321/3142/4411"}
    assert len({hitori.identity(one) for one in grids}) == 3


def test_the_work_is_the_number_of_cells_whose_number_stands_in_their_line_again() -> None:
    for instance in instances("hitori", 3):
        rows = instance["grid"].split("/")
        cells = [(row, column) for row in range(len(rows)) for column in range(len(rows))]
        again = {
            cell
            for first, second in combinations(cells, 2)
            for cell in (first, second)
            if (first[0] == second[0] or first[1] == second[1])
            and rows[first[0]][first[1]] == rows[second[0]][second[1]]
        }
        assert hitori.work(instance) == len(again)


@pytest.mark.parametrize("level", hitori.LEVELS)
def test_puzzles_have_the_side_of_their_level_and_demonstrations_obey_the_rules(level: int) -> None:
    for instance in instances("hitori", level, 4):
        assert [len(row) for row in instance["grid"].split("/")] == [level + 3] * (level + 3)
        assert "#" not in instance["grid"] and not obeys(instance["grid"])
        assert obeys(hitori.solve(instance))
