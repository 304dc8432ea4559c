"""Star battle: put one star into every row and every column, no two touching, none on a forbidden
cell.

==========  =============================================================================================
prompt      ``J..XX./.X.X./....X/.XXXX/X...X=``: rows separated by ``/``; ``X`` forbidden, ``.`` free.
response    ``.*XX./.X.X*/..*.X/*XXXX/X..*X``: the grid with ``*`` for each star.
difficulty  Level 1 is 5x5, level 2 is 6x6, and so on: as many stars to place as the grid has rows.
==========  =============================================================================================

This is the kind without regions: rows, columns and forbidden cells alone. Two stars touch if their
cells share an edge or a corner. A puzzle drawn has a single answer; the verifier does not rely on
it and knows the rules only.
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
from seed.reference.tasks.puzzles.solvers.filling import rows_of
from seed.reference.tasks.puzzles.solvers.marking import (
    NotAMarking,
    around,
    cells_of,
    lines,
    marked,
    place,
    read_marks,
    side,
    touching,
    windows,
)
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
"""Cells without a star that stay free at first, on average. It leaves a handful of placements at
every side, so that few cells are left to be forbidden one by one until a single placement remains.
"""

FREE, FORBIDDEN, STAR = ".", "X", "*"


def draw(random: np.random.Generator, difficulty: int) -> dict[str, Any]:
    """Draw a placement and forbid cells without a star until no other placement is left.

    Args:
        random: The only source of randomness.
        difficulty: Side of the grid less 4, a member of ``LEVELS``.

    Returns:
        ``{"grid": "..XX./.X.X./....X/.XXXX/X...X"}``.
    """
    return draw_solvable(
        lambda: {"grid": _random_grid(random, difficulty + SIDE_BELOW_LEVEL_ONE)}, solve
    )


def identity(instance: Mapping[str, Any]) -> str:
    """Name the problem: the grid as it stands, for a mirrored grid asks for other stars.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The grid.
    """
    grid: str = instance["grid"]
    return grid


def prompt(instance: Mapping[str, Any]) -> str:
    """Write the prompt, e.g. ``J..XX./.X.X./....X/.XXXX/X...X=``.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The prompt.
    """
    return f"J{instance['grid']}="


def solve(instance: Mapping[str, Any]) -> str:
    """Place the stars by exact search.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.

    Raises:
        ValueError: No placement exists, or none is found in time, which no instance from ``draw``
            allows.
    """
    grid = instance["grid"]
    size = side(grid)
    stars = mark(
        _counts(bits(cell for cell, given in enumerate(cells_of(grid)) if given == FREE), size)
    )
    if stars is None:
        raise ValueError(f"no placement exists in {grid}")
    return marked(grid, frozenset(numbers_of(stars)), STAR)


def answer(instance: Mapping[str, Any]) -> str:
    """Write what ``solve`` writes: the stars need their grid.

    Args:
        instance: What ``draw`` returned.

    Returns:
        The demonstration.
    """
    return solve(instance)


def work(instance: Mapping[str, Any]) -> int:
    """Count the stars to place.

    Args:
        instance: What ``draw`` returned.

    Returns:
        Their number.
    """
    return side(instance["grid"])


def verify(instance: Mapping[str, Any], response: str) -> Verdict:
    """Check a placement by the rules.

    Args:
        instance: What ``draw`` returned.
        response: Any text at all.

    Returns:
        ``correct`` exactly if the response is the grid with stars that obey the rules.
    """
    fault = unreadable(response) or _fault(instance["grid"], response)
    return judge(fault, response, "every row and column has its star and no two touch")


def _fault(grid: str, response: str) -> str:
    try:
        stars = read_marks(grid, response, FREE, STAR)
    except NotAMarking as fault:
        return str(fault)
    size = side(grid)
    for name, line in lines(size).items():
        count = len(stars.intersection(line))
        if count != 1:
            return f"{name} holds {count} stars instead of 1"
    for star, other in touching(stars, around(size)):
        return f"the stars on {place(star, size)} and {place(other, size)} touch"
    return ""


def _counts(free: int, size: int) -> list[Count]:
    """The rules as counts over the free cells."""
    one_per_line = [Count(bits(line) & free, 1, 1) for line in lines(size).values()]
    return one_per_line + [Count(bits(window) & free, 0, 1) for window in windows(size)]


def _random_grid(random: np.random.Generator, size: int) -> str:
    columns = random.permutation(size)
    while np.any(
        np.abs(np.diff(columns)) == 1
    ):  # about one permutation in eight has no two stars touching
        columns = random.permutation(size)
    stars = bits(row * size + column for row, column in enumerate(columns.tolist()))
    free = stars | bits(np.flatnonzero(random.random(size * size) < FREE_PER_ROW / size).tolist())
    while other := mark(
        [*_counts(free, size), Count(stars, 0, size - 1)]
    ):  # a placement that misses one of our stars
        astray = numbers_of(other & ~stars)
        free &= ~(1 << astray[random.integers(len(astray))])
    return rows_of([FREE if free >> cell & 1 else FORBIDDEN for cell in range(size * size)], size)
