"""Magic squares of side 3 over all integers: find one that keeps some given numbers.

Collections have this variation. Rows, columns and diagonals have the sum 3c exactly if, for some x
and y, the square is

    c + x        c - x - y    c + y
    c - x + y    c            c + x - y
    c - y        c + x + y    c - x

(Lucas, "Récréations mathématiques", volume 4, 1894). So every given number is a linear equation in
c, x and y, which are integers in a square of integers. What the equations leave free is tried.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np

SHAPE = np.array(
    [
        (1, 1, 0),
        (1, -1, -1),
        (1, 0, 1),
        (1, -1, 1),
        (1, 0, 0),
        (1, 1, -1),
        (1, 0, -1),
        (1, 1, 1),
        (1, -1, 0),
    ]
)
"""Coefficients of c, x and y in each cell."""

TRIALS = sorted(range(-60, 61), key=abs)
"""Values of a free unknown, of which 60 are enough.

Where one unknown is free, every second value at least gives whole numbers, for the determinant of
two rows of ``SHAPE`` and a unit row is 2 at most; and each of the 36 pairs of cells forbids one of
these values.
"""


def integer_square(given: Mapping[int, int]) -> list[int] | None:
    """Complete a square with different integers.

    Args:
        given: Numbers by cell, counted from 0 in reading order.

    Returns:
        The nine numbers, or None if none are found.
    """
    rows: list[np.ndarray] = []
    values: list[int] = []
    for cell, number in given.items():
        if np.linalg.matrix_rank([*rows, SHAPE[cell]]) > len(rows):
            rows.append(SHAPE[cell])
            values.append(number)
    for unknown in np.eye(3, dtype=int):
        if np.linalg.matrix_rank([*rows, unknown]) > len(rows):
            rows.append(unknown)
    for trial in product(TRIALS, repeat=len(rows) - len(values)):
        unknowns = np.rint(np.linalg.solve(np.array(rows), np.array([*values, *trial]))).astype(int)
        square: list[int] = (SHAPE @ unknowns).tolist()
        if len(set(square)) == len(square) and all(
            square[cell] == number for cell, number in given.items()
        ):
            return square
    return None
