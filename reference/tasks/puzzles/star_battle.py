"""Star battle: one star in every row and every column, no two touching, none on a forbidden cell.

- Instance: ``{"grid": "..XX./.X.X./....X/.XXXX/X...X"}``: rows separated by ``/``; ``X`` forbidden,
  ``.`` free.
- Prompt: ``J..XX./.X.X./....X/.XXXX/X...X=``.
- Response: ``.*XX./.X.X*/..*.X/*XXXX/X..*X``: the grid with ``*`` for each star.
- Level 1 is 5x5, level 2 is 6x6, and so on: as many stars to place as the grid has rows.

This is the kind without regions: rows, columns and forbidden cells alone. Two stars touch if their
cells share an edge or a corner. A drawn puzzle has a single answer; the verifier does not rely on
that and checks the rules only.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.backtracking import (
    Count,
    bits,
    draw_solvable,
    mark,
    numbers_of,
)
from seed.reference.tasks.puzzles.solvers.grid import (
    around,
    cells_of,
    lines,
    position,
    rows_of,
    side,
    touching,
    windows,
)
from seed.reference.tasks.puzzles.solvers.marking import marked, marked_cells, mismarked
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 7)
CHARACTERS = "X.*/=J"
RULES = (
    "Place stars on a square grid. Rows are separated by /; X is a forbidden cell, . a free cell."
    " Put a star on free cells so that every row and every column holds exactly one star and no two"
    " stars touch, not even diagonally. There are no regions. Write the whole grid in the same form"
    " with * for each star and everything else unchanged. Any placement that obeys the rules is"
    " accepted."
)
SIDE_BELOW_LEVEL_ONE = 4
"""A grid of side 4 has two placements only, one of side 5 has 14, one of side 10 has 479306."""

FREE_PER_ROW = 3
"""Cells without a star that stay free at first, on average.

It leaves a handful of placements at every side, so that few cells have to be forbidden one by one
until a single placement remains.
"""

FREE, FORBIDDEN, STAR = ".", "X", "*"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a placement and forbid cells without a star until no other placement is possible."""
    return draw_solvable(
        lambda: {"grid": _random_grid(random, difficulty + SIDE_BELOW_LEVEL_ONE)}, solve
    )


def identity(instance: Mapping[str, Any]) -> str:
    """The grid as it stands: a mirrored grid has other stars."""
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``J..XX./.X.X./....X/.XXXX/X...X=``."""
    return f"J{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search."""
    grid = instance["grid"]
    free = bits(cell for cell, given in enumerate(cells_of(grid)) if given == FREE)
    stars = mark(_counts(free, side(grid)))
    if stars is None:
        raise ValueError(f"no placement exists in {grid}")
    return marked(grid, frozenset(numbers_of(stars)), STAR)


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of stars."""
    return side(instance["grid"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the response is the grid with stars that obey the rules."""
    grid = instance["grid"]
    fault = unreadable(response) or mismarked(grid, response, FREE, STAR)
    fault = fault or _fault(side(grid), marked_cells(grid, response))
    return judge(fault, response, "every row and column has its star and no two touch")


def _fault(size: int, stars: frozenset[int]) -> str:
    for name, line in lines(size).items():
        count = len(stars.intersection(line))
        if count != 1:
            return f"{name} holds {count} stars instead of 1"
    for first, second in touching(stars, around(size)):
        return f"the stars on {position(first, size)} and {position(second, size)} touch"
    return ""


def _counts(free: int, size: int) -> list[Count]:
    """The rules as counts over the free cells."""
    one_per_line = [Count(bits(line) & free, 1, 1) for line in lines(size).values()]
    return one_per_line + [Count(bits(window) & free, 0, 1) for window in windows(size)]


def _random_grid(random: np.random.Generator, size: int) -> str:
    columns = random.permutation(size)
    # In about one permutation in eight no two stars touch.
    while np.any(np.abs(np.diff(columns)) == 1):
        columns = random.permutation(size)
    stars = bits(row * size + column for row, column in enumerate(columns.tolist()))
    free = stars | bits(np.flatnonzero(random.random(size * size) < FREE_PER_ROW / size).tolist())
    # As long as there is a placement without one of our stars, forbid one of its cells.
    while rival := mark([*_counts(free, size), Count(stars, 0, size - 1)]):
        cells = numbers_of(rival & ~stars)
        free &= ~(1 << cells[random.integers(len(cells))])
    return rows_of([FREE if free >> cell & 1 else FORBIDDEN for cell in range(size * size)], size)
