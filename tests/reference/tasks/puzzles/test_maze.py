"""Properties of mazes: which walks are accepted, and that no demonstration is too long."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed.reference.tasks.puzzles import maze
from tests.support.puzzles import accepted, instances, wrong_because, wrong_responses

MAZE = {"grid": "S.#/..#/#.G"}


@pytest.mark.parametrize("level", maze.LEVELS)
def test_mazes_are_square_and_need_at_least_two_moves(level: int) -> None:
    for instance in instances("maze", level):
        rows = instance["grid"].split("/")
        assert [len(row) for row in rows] == [level + 2] * (level + 2)
        assert (instance["grid"].count("S"), instance["grid"].count("G")) == (1, 1)
        assert len(maze.solve(instance)) >= 2


@pytest.mark.parametrize("walk", ["DRDR", "RDDR", "RLDRDR", "RDLUDRDR", "DRDRLR"])
def test_every_walk_that_ends_on_the_goal_is_accepted(walk: str) -> None:
    assert accepted(maze, MAZE, walk)


@wrong_responses(
    ("enters a wall", "RRDD"),
    ("leaves the grid", "DRDRR", "U", "L", "DRDRD"),
    ("does not end on the goal", "DRD", "", "DRDRL"),
    ("not one of", "drdr", "D R D R", "DRDR="),
)
def test_a_walk_that_breaks_a_rule_is_wrong_for_that_reason(response: str, why: str) -> None:
    assert wrong_because(maze, MAZE, response, why)


@given(seed=st.integers(0, 10**6), level=st.integers(1, 3))
@settings(max_examples=40)
def test_the_demonstration_is_as_short_as_exhaustive_relaxation_finds_possible(
    seed: int, level: int
) -> None:
    instance = maze.draw(np.random.default_rng(seed), level)
    rows = instance["grid"].split("/")
    cells = {
        (row, column): mark
        for row, line in enumerate(rows)
        for column, mark in enumerate(line)
        if mark != "#"
    }
    distance = {cell: 0 if mark == "S" else len(cells) for cell, mark in cells.items()}
    for _ in cells:  # Bellman-Ford, which shares nothing with breadth-first search
        for row, column in cells:
            around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
            best = min((distance[cell] + 1 for cell in around if cell in cells), default=len(cells))
            distance[row, column] = min(distance[row, column], best)
    goal = next(cell for cell, mark in cells.items() if mark == "G")
    assert len(maze.answer(instance)) == distance[goal]


@given(walk=st.text(alphabet="UDLR0123456789", max_size=12))
@settings(max_examples=100)
def test_notes_of_cells_are_never_judged(walk: str) -> None:
    moves = "".join(character for character in walk if character in "UDLR")
    assert accepted(maze, MAZE, walk) == accepted(maze, MAZE, moves)


def test_the_demonstration_notes_the_cell_that_every_move_reaches() -> None:
    assert maze.solve(MAZE) == "D4R5D8R9"
    assert maze.answer(MAZE) == "DRDR"


def test_an_unreachable_goal_is_reported() -> None:
    with pytest.raises(ValueError, match="no walk"):
        maze.solve({"grid": "S#./##./..G"})
