"""Hitori: shade cells until no number is seen twice in a row or column.

- Instance: ``{"grid": "3121/1231/2413/1144"}``: rows of digits separated by ``/``.
- Prompt: ``I3121/1231/2413/1144=``.
- Response: ``3#21/123#/2413/#1#4``: the grid with ``#`` for each shaded cell.
- Level 1 is 4x4, level 2 is 5x5, and so on up to 9x9.

Among the unshaded cells no number repeats in a row or column. No two shaded cells share an edge.
The unshaded cells are connected by their edges. Every shading that obeys the rules is accepted,
whether or not each of its cells was needed.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from seed.reference.tasks.puzzles.solvers.backtracking import (
    Count,
    Marks,
    bits,
    draw_solvable,
    mark,
    numbers_of,
)
from seed.reference.tasks.puzzles.solvers.filling import random_latin_square
from seed.reference.tasks.puzzles.solvers.grid import (
    beside,
    cells_of,
    connected,
    lines,
    position,
    rows_of,
    side,
    touching,
)
from seed.reference.tasks.puzzles.solvers.marking import marked, marked_cells, mismarked
from seed.reference.tasks.puzzles.solvers.renaming import renamed_by_appearance
from seed.spec.datatypes import Verdict
from seed.spec.puzzle import judge, unreadable

LEVELS = range(1, 7)
DIGITS = "123456789"
CHARACTERS = DIGITS + "#/=I"
RULES = (
    "Shade cells of a square of numbers. Every digit is the number in one cell, rows are separated"
    " by /. Shade cells so that among the unshaded cells no number occurs twice in a row or column,"
    " no two shaded cells lie directly above, below, left or right of each other (diagonally is"
    " allowed), and all unshaded cells are connected by steps up, down, left and right over"
    " unshaded cells. Write the whole grid in the same form with # in place of each shaded number"
    " and everything else unchanged. Any shading that obeys the rules is accepted."
)
SIDE_BELOW_LEVEL_ONE = 3
SHADED_SHARE = 0.25
"""Of the cells: with more, shades touch or cut the rest apart; with less, little is to be found."""

SHADED = "#"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a Latin square and a shading; each shaded cell gets a number that its lines show."""
    return draw_solvable(
        lambda: {"grid": _random_grid(random, difficulty + SIDE_BELOW_LEVEL_ONE)}, solve
    )


def identity(instance: Mapping[str, Any]) -> str:
    """The grid, its numbers renamed in the order in which they first occur.

    Only equality of numbers matters, so renaming them changes the presentation and not the cells to
    be shaded. A mirrored grid has other cells.
    """
    return renamed_by_appearance(instance["grid"], DIGITS)


def prompt(instance: Mapping[str, Any]) -> str:
    """E.g. ``I3121/1231/2413/1144=``."""
    return f"I{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Exact search that shades no cell that it need not."""
    grid = instance["grid"]
    size = side(grid)
    every_cell = frozenset(range(size * size))

    def unshaded_connected(marks: Marks) -> bool:
        # Open cells count as unshaded. If these are not connected, then each component has a cell
        # beside a shaded one, which counting has already decided to be unshaded; so shading open
        # cells can neither join the components nor remove one.
        return connected(every_cell.difference(numbers_of(marks.marked)), size)

    repeats = [Count(bits(group), len(group) - 1, len(group)) for group in _repeats(grid)]
    edges = [Count(bits(pair), 0, 1) for pair in touching(every_cell, beside(size))]
    shaded = mark(repeats + edges, unshaded_connected)
    if shaded is None:
        raise ValueError(f"no shading exists for {grid}")
    return marked(grid, frozenset(numbers_of(shaded)), SHADED)


answer = solve


def work(instance: Mapping[str, Any]) -> int:
    """The number of cells whose number is in their row or column again."""
    return len(set().union(*_repeats(instance["grid"])))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """``correct`` exactly if the response is the grid with shades that obey the rules."""
    grid = instance["grid"]
    fault = unreadable(response) or mismarked(grid, response, DIGITS, SHADED)
    fault = fault or _fault(grid, marked_cells(grid, response))
    return judge(fault, response, "no number repeats, no shades touch and the rest is connected")


def _fault(grid: str, shaded: frozenset[int]) -> str:
    size, cells = side(grid), cells_of(grid)
    for name, line in lines(size).items():
        seen = sorted(cells[cell] for cell in line if cell not in shaded)
        for number, next_number in pairwise(seen):
            if number == next_number:
                return f"the number {number} repeats in {name}"
    for first, second in touching(shaded, beside(size)):
        return f"the shaded cells on {position(first, size)} and {position(second, size)} touch"
    if not connected(set(range(size * size)) - shaded, size):
        return "the unshaded cells are not connected"
    return ""


def _repeats(grid: str) -> list[list[int]]:
    """The cells of a line that hold the same number, wherever there are two or more."""
    cells = cells_of(grid)
    groups = [
        [cell for cell in line if cells[cell] == digit]
        for line in lines(side(grid)).values()
        for digit in DIGITS
    ]
    return [group for group in groups if len(group) > 1]


def _random_grid(random: np.random.Generator, size: int) -> str:
    numbers = list(cells_of(random_latin_square(random, size)))
    unshaded = set(range(size * size))
    for cell in random.permutation(size * size).tolist():
        if len(unshaded) <= (1 - SHADED_SHARE) * size * size:
            break
        if unshaded.issuperset(beside(size)[cell]) and connected(unshaded - {cell}, size):
            unshaded.remove(cell)
    for cell in sorted(set(range(size * size)) - unshaded):
        crossing = [line for line in lines(size).values() if cell in line]
        shown = [seen for line in crossing for seen in line if seen in unshaded]
        numbers[cell] = numbers[shown[random.integers(len(shown))]]
    return rows_of(numbers, size)
