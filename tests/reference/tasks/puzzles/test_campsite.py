"""Properties of campsites: which camps are accepted, and what the search finds."""

from itertools import combinations, permutations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import campsite
from tests.support.puzzles import accepted, instances, wrong_because, wrong_responses

Cells = set[tuple[int, int]]
EXAMPLE = {"grid": "..T./..TT/..../....", "rows": "2010", "columns": "0111"}


def cells(grid: str, kind: str) -> Cells:
    rows = grid.split("/")
    return {
        (row, column)
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark == kind
    }


def obeys(instance: dict[str, Any], tents: Cells) -> bool:
    """The rules on coordinates, matching by trying every order: no code of the verifier."""
    trees = cells(instance["grid"], "T")
    apart = all(
        max(abs(row - below), abs(column - beside)) > 1
        for (row, column), (below, beside) in combinations(tents, 2)
    )
    rows = [sum(row == number for row, _ in tents) for number in range(len(instance["rows"]))]
    columns = [
        sum(column == number for _, column in tents) for number in range(len(instance["columns"]))
    ]
    counted = rows == list(map(int, instance["rows"])) and columns == list(
        map(int, instance["columns"])
    )
    return apart and counted and len(tents) == len(trees) and own_tent_for_each(trees, tents)


def own_tent_for_each(trees: Cells, tents: Cells) -> bool:
    orders = permutations(sorted(tents))
    pairs = (zip(sorted(trees), order, strict=True) for order in orders)
    return any(all(abs(a - c) + abs(b - d) == 1 for (a, b), (c, d) in matched) for matched in pairs)


def pitched(grid: str, tents: Cells) -> str:
    rows = [list(row) for row in grid.split("/")]
    for row, column in tents:
        rows[row][column] = "^"
    return "/".join(map("".join, rows))


def every_camp(grid: str) -> list[Cells]:
    free = sorted(cells(grid, "."))
    return [
        {cell for cell, chosen in zip(free, picks, strict=True) if chosen}
        for picks in product((0, 1), repeat=len(free))
    ]


def counted(camp: str) -> dict[str, str]:
    """The instance that a full camp belongs to, its numbers read off."""
    rows = camp.split("/")
    numbers = [
        "".join(str("".join(line).count("^")) for line in lines)
        for lines in (rows, list(zip(*rows, strict=True)))
    ]
    return {"grid": camp.replace("^", "."), "rows": numbers[0], "columns": numbers[1]}


def test_the_example_of_the_documentation_is_a_problem_with_its_answer() -> None:
    assert campsite.prompt(EXAMPLE) == "E..T.2/..TT0/....1/....0/0111="
    assert campsite.solve(EXAMPLE) == campsite.answer(EXAMPLE) == ".^T^/..TT/..^./...."


def test_of_all_sets_of_tents_exactly_those_by_the_rules_are_accepted() -> None:
    for instance in [EXAMPLE, *instances("campsite", 1, 1)]:
        camps = every_camp(instance["grid"])
        right = [camp for camp in camps if obeys(instance, camp)]
        assert [
            camp for camp in camps if accepted(campsite, instance, pitched(instance["grid"], camp))
        ] == right
        assert right


@given(
    grid=st.text("..T", min_size=9, max_size=9).map(
        lambda cells: "/".join(cells[first : first + 3] for first in (0, 3, 6))
    ),
    data=st.data(),
)
@settings(max_examples=60)
def test_a_camp_is_accepted_and_found_exactly_if_there_is_one(
    grid: str, data: st.DataObject
) -> None:
    camps = every_camp(grid)
    # The numbers of some set of tents that stand apart, with or without a tree beside them.
    apart = [
        camp
        for camp in camps
        if all(max(abs(a - c), abs(b - d)) > 1 for (a, b), (c, d) in combinations(camp, 2))
    ]
    instance = counted(pitched(grid, data.draw(st.sampled_from(apart))))
    right = [pitched(grid, camp) for camp in camps if obeys(instance, camp)]
    fields = [pitched(grid, camp) for camp in camps]
    assert [field for field in fields if accepted(campsite, instance, field)] == right
    if right:
        assert campsite.solve(instance) in right
    else:
        with pytest.raises(ValueError, match="no camp"):
            campsite.solve(instance)


@pytest.mark.parametrize("response", [".^../TT../^..^/...T", "^.../TT../.^.^/...T"])
def test_every_camp_by_the_rules_is_accepted(response: str) -> None:
    instance = {"grid": "..../TT../..../...T", "rows": "1020", "columns": "1101"}
    assert accepted(campsite, instance, response)


@wrong_responses(
    ("row 2 column 1 and row 3 column 2 touch", "..../^T../.^../.T.."),
    ("row 2 column 2 and row 2 column 3 touch", "..../T^^T/..../...."),
    ("there are 2 tents for 1 trees", "^.../..T./..^./...."),
    ("there are 1 tents for 2 trees", "..T./..^./T.../...."),
    ("cannot each have a tent", "T^../..../...^/..T.", "T.^./..../..^./..T."),
    ("cannot each have a tent", "T.../.^../...T/...^", ".^T^/..../..../...T"),
    ("cannot each have a tent", "...../...T^/....T/...../.^T^."),
)
def test_tents_that_do_not_belong_to_their_trees_are_wrong_though_every_number_is_right(
    response: str, why: str
) -> None:
    assert wrong_because(campsite, counted(response), response, why)


@wrong_responses(
    ("row 3 holds 0 tents instead of 1", ".^T^/..TT/..../..^.", ".^T^/..TT/..../...."),
    ("column 1 holds 1 tents instead of 0", "^.T^/..TT/..^./...."),
    ("row 1 column 3 is neither", ".^^^/..TT/..^./...."),
    ("row 2 column 4 is neither", ".^T^/..T./..^./...."),
    ("row 2 column 2 is neither", ".^T^/.TTT/..^./...."),
    ("row 1 column 2 is neither", ".*T*/..TT/..*./...."),
    ("not 4 rows", ".^T^/..TT/..^.", ".^T^2/..TT0/..^.1/....0/0111", ".^T^/..TT/..^./..../"),
)
def test_an_answer_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(campsite, EXAMPLE, response, why)


@pytest.mark.parametrize("level", campsite.LEVELS)
def test_puzzles_have_the_size_and_trees_of_their_level(level: int) -> None:
    size, trees = campsite.SIZE_AND_TREES[level]
    for instance in instances("campsite", level, 10):
        assert [len(row) for row in instance["grid"].split("/")] == [size] * size
        assert instance["grid"].count("T") == campsite.work(instance) == trees
        assert counted(campsite.solve(instance)) == instance
