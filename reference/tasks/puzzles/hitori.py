"""Hitori: shade cells until no number is seen twice in a row or column.

==========  =============================================================================================
prompt      ``I3121/1231/2413/1144=``: rows of digits separated by ``/``.
response    ``3#21/123#/2413/#1#4``: the grid with ``#`` for each shaded cell.
difficulty  Level 1 is 4x4, level 2 is 5x5, and so on up to 9x9.
==========  =============================================================================================

Among the unshaded cells no number repeats in a row or column. No two shaded cells share an edge.
The unshaded cells hang
together: one can walk from each to each, from edge to edge, without entering a shaded one. Every
shading that obeys the rules is accepted, whether or not each of its cells was needed.
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
from seed.reference.tasks.puzzles.solvers.filling import random_latin_square, rows_of
from seed.reference.tasks.puzzles.solvers.marking import (
    NotAMarking,
    beside,
    cells_of,
    connected,
    lines,
    marked,
    place,
    read_marks,
    side,
    touching,
)
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
"""Of the cells: more can hardly be shaded without touching or cutting the rest apart, less leaves
little to find.
"""

SHADED = "#"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a Latin square and a shading, and write under every shade a number that its row or
    column shows.

    Args:
        random: The only source of randomness.
        difficulty: Side of the grid less 3, a member of ``LEVELS``.

    Returns:
        ``{"grid": "3121/1231/2413/1144"}``.
    """
    return draw_solvable(
        lambda: {"grid": _random_grid(random, difficulty + SIDE_BELOW_LEVEL_ONE)}, solve
    )


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: the grid, its numbers renamed in the order in which they first occur.

    Only equality of numbers matters, so renaming them changes the presentation and not the cells to
    be shaded. A mirrored grid asks for other cells.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The renamed grid.
    """
    grid: str = instance["grid"]
    numbers = "".join(dict.fromkeys(cells_of(grid)))
    return grid.translate(str.maketrans(numbers, DIGITS[: len(numbers)]))


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``I3121/1231/2413/1144=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"I{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Shade by exact search, and nothing that the search can do without.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.

    Raises:
        ValueError: No shading exists, or none is found in time, which no instance from ``draw``
            allows.
    """
    grid = instance["grid"]
    size = side(grid)
    every_cell = frozenset(range(size * size))

    def unshaded_connected(marks: Marks) -> bool:
        # Open cells count as unshaded. If these are cut apart, then each part has a cell beside a
        # shaded one, which counting has already decided to be unshaded; so shading open cells
        # cannot join the parts or remove one.
        return connected(every_cell.difference(numbers_of(marks.marked)), size)

    repeats = [Count(bits(group), len(group) - 1, len(group)) for group in _repeats(grid)]
    edges = [Count(bits((cell, other)), 0, 1) for cell, other in touching(every_cell, beside(size))]
    shaded = mark(repeats + edges, unshaded_connected)
    if shaded is None:
        raise ValueError(f"no shading exists for {grid}")
    return marked(grid, frozenset(numbers_of(shaded)), SHADED)


def answer(instance: Mapping[str, Any]) -> str:
    """Write what ``solve`` writes: the shades need their grid.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.
    """
    return solve(instance)


def work(instance: Mapping[str, Any]) -> int:
    """Count the cells whose number stands in their row or column again: one has to decide about
    each of them.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number.
    """
    return len(set().union(*_repeats(instance["grid"])))


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Check a shading by the rules.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if the response is the grid with shades that obey the rules.
    """
    fault = unreadable(response) or _fault(instance["grid"], response)
    return judge(fault, response, "no number repeats, no shades touch and the rest is connected")


def _fault(grid: str, response: str) -> str:
    try:
        shaded = read_marks(grid, response, DIGITS, SHADED)
    except NotAMarking as fault:
        return str(fault)
    size, cells = side(grid), cells_of(grid)
    for name, line in lines(size).items():
        seen = sorted(cells[cell] for cell in line if cell not in shaded)
        for number, next_number in pairwise(seen):
            if number == next_number:
                return f"the number {number} repeats in {name}"
    for cell, other in touching(shaded, beside(size)):
        return f"the shaded cells on {place(cell, size)} and {place(other, size)} touch"
    return (
        ""
        if connected(set(range(size * size)) - shaded, size)
        else "the unshaded cells are not connected"
    )


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
        enough = len(unshaded) <= (1 - SHADED_SHARE) * size * size
        if (
            not enough
            and unshaded.issuperset(beside(size)[cell])
            and connected(unshaded - {cell}, size)
        ):
            unshaded.remove(cell)
    for cell in sorted(set(range(size * size)) - unshaded):
        shown = [
            other
            for line in lines(size).values()
            if cell in line
            for other in line
            if other in unshaded
        ]
        numbers[cell] = numbers[shown[random.integers(len(shown))]]
    return rows_of(numbers, size)
