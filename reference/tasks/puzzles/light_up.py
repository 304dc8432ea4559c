"""Light up (Akari): put bulbs on free cells until every one is lit, none shining on another.

- Instance: ``{"grid": "..../..#0/#100/1..."}``: rows separated by ``/``; ``.`` free, ``#`` a wall,
  ``0`` to ``4`` a wall with a number.
- Prompt: ``L..../..#0/#100/1...=``.
- Response: ``.*../*.#0/#100/1*..``: the grid with ``*`` for each bulb.
- Level 1 is 4x4, level 2 is 5x5, and so on up to 10x10.

A bulb lights its own cell and its row and column in both directions up to the next wall. Beside a
wall with a number, edge to edge, there are exactly so many bulbs; beside a wall without one, any
number. Every placement that obeys the rules is accepted.
"""

from collections.abc import Mapping
from itertools import groupby, pairwise
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
    beside,
    cells_of,
    lines,
    position,
    rows_of,
    side,
)
from seed.reference.tasks.puzzles.solvers.marking import marked, marked_cells, mismarked
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 8)
NUMBERS = "01234"
CHARACTERS = NUMBERS + "#.*/=L"
RULES = (
    "Light a square room with bulbs. Rows are separated by /; . is a free cell, # a wall, and a"
    " digit a wall with a number. Put bulbs on free cells. A bulb lights its own cell and all cells"
    " up, down, left and right of it until a wall or the border stops the light. Every free cell"
    " must be lit, no bulb may be lit by another bulb, and every wall with a number must have"
    " exactly that many bulbs directly above, below, left and right of it; walls # have no such"
    " condition. Write the whole grid in the same form with * for each bulb and everything else"
    " unchanged. Any placement that obeys the rules is accepted."
)
SIDE_BELOW_LEVEL_ONE = 3
WALL_SHARE = 0.25
"""Of the cells: with half as many a few bulbs light everything, with twice all runs are short."""

NUMBERED_SHARE = 0.7
"""Of the walls: those without a number leave some rooms with several answers."""

FREE, WALL, BULB = ".", "#", "*"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw walls, add bulbs until all is lit, count them beside the walls, and remove them."""
    return draw_solvable(
        lambda: {"grid": _random_room(random, difficulty + SIDE_BELOW_LEVEL_ONE)}, solve
    )


def identity(instance: Mapping[str, Any]) -> str:
    """The grid as it stands: a mirrored room has other bulbs."""
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``L..../..#0/#100/1...=``."""
    return f"L{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search."""
    grid = instance["grid"]
    dark = [Count(bits(run), 0, 1) for run in _runs(grid)]
    lit = [Count(bits(cells), 1, len(cells)) for cells in _lighting(grid).values()]
    numbers = [Count(bits(cells), number, number) for number, cells in _numbered(grid).values()]
    bulbs = mark(dark + lit + numbers)
    if bulbs is None:
        raise ValueError(f"no placement exists in {grid}")
    return marked(grid, frozenset(numbers_of(bulbs)), BULB)


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of free cells, all of which must be lit."""
    return int(instance["grid"].count(FREE))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the response is the grid with bulbs that obey the rules."""
    grid = instance["grid"]
    fault = unreadable(response) or mismarked(grid, response, FREE, BULB)
    fault = fault or _fault(grid, marked_cells(grid, response))
    success = "every cell is lit, no bulb by another, and all numbers are right"
    return judge(fault, response, success)


def _fault(grid: str, bulbs: frozenset[int]) -> str:
    size = side(grid)
    for run in _runs(grid):
        for first, second in pairwise(sorted(bulbs.intersection(run))):
            pair = f"{position(first, size)} and {position(second, size)}"
            return f"the bulbs on {pair} shine on each other"
    for cell, lighting in _lighting(grid).items():
        if bulbs.isdisjoint(lighting):
            return f"{position(cell, size)} is dark"
    for wall, (number, around) in _numbered(grid).items():
        count = len(bulbs.intersection(around))
        if count != number:
            name = f"the wall on {position(wall, size)}"
            return f"{name} has {count} bulbs beside it instead of {number}"
    return ""


def _runs(grid: str) -> list[list[int]]:
    """Free cells of a line with no wall between them; a bulb on any of them lights all of them."""
    cells = cells_of(grid)
    return [
        list(run)
        for line in lines(side(grid)).values()
        for free, run in groupby(line, key=lambda cell: cells[cell] == FREE)
        if free
    ]


def _lighting(grid: str) -> dict[int, set[int]]:
    """For each free cell, the cells from which a bulb would light it."""
    lighting: dict[int, set[int]] = {}
    for run in _runs(grid):
        for cell in run:
            lighting.setdefault(cell, set()).update(run)
    return lighting


def _numbered(grid: str) -> dict[int, tuple[int, list[int]]]:
    """For each wall with a number, that number and the free cells beside it."""
    cells = cells_of(grid)
    around = beside(side(grid))
    return {
        wall: (int(given), [cell for cell in around[wall] if cells[cell] == FREE])
        for wall, given in enumerate(cells)
        if given in NUMBERS
    }


def _random_room(random: np.random.Generator, size: int) -> str:
    walls = random.random(size * size) < WALL_SHARE
    if walls.all():
        return _random_room(random, size)
    lighting = _lighting(rows_of([WALL if wall else FREE for wall in walls], size))
    bulbs: set[int] = set()
    # Only a cell that is still dark gets a bulb, so no bulb shines on another.
    for cell in random.permutation(sorted(lighting)).tolist():
        if bulbs.isdisjoint(lighting[cell]):
            bulbs.add(cell)
    numbered = random.random(size * size) < NUMBERED_SHARE
    counts = [str(len(bulbs.intersection(cells))) for cells in beside(size)]
    cells = [
        (count if number else WALL) if wall else FREE
        for wall, number, count in zip(walls, numbered, counts, strict=True)
    ]
    return rows_of(cells, size)
